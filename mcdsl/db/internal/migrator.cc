#include "mcdsl/db/internal/migrator.h"

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>

#include "mcdsl/base/time.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/inspect.h"
#include "mcdsl/db/internal/lock_holder.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db::internal {
namespace {

struct Record {
  std::int64_t version = 0;
  std::string name;
  std::string applied_at;
  std::optional<std::string> checksum;  // none where a Go service wrote the record

  void bind(Row& row) { row.into(version, name, applied_at, checksum); }
};

std::string title(std::int64_t version, std::string_view name) {
  return "migration " + std::to_string(version) + " (" + std::string(name) + ")";
}

std::string name_of(const config::Database& settings) {
  return "database " + settings.path.string();
}

// One process at a time: on a file beside the database, since locks of the database itself come and go with
// connections.
class MigrationLock {
 public:
  MigrationLock(const config::Database& settings, const log::Logger& logger) {
    const std::string path = settings.path.string() + ".migrate-lock";
    fd_.reset(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (!fd_) {
      throw Exception(Code::permission_denied, "open " + path + ": " + errno_text(errno));
    }
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
      return;
    }
    if (errno == EWOULDBLOCK) {
      const std::string holder = find_file_lock_holder(path);
      logger.warn("waiting for another process to end its migrations",
                  {{"database", settings.path.string()}, {"holder", holder.empty() ? "unknown" : holder}});
    }
    while (::flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) {
        throw Exception(Code::internal, "lock " + path + ": " + errno_text(errno));
      }
    }
  }

 private:
  UniqueFd fd_;  // closing it releases the lock
};

// The columns of the table of records; none where there is no table.
std::vector<std::string> record_columns(Connection& connection) {
  return ReadTransaction(connection)
      .query<std::string>("SELECT name FROM pragma_table_info('schema_migrations', 'main')");
}

std::vector<Record> read_records(const config::Database& settings, Connection& connection) {
  const std::vector<std::string> columns = record_columns(connection);
  const auto has = [&](std::string_view column) { return std::ranges::find(columns, column) != columns.end(); };
  if (columns.empty()) {
    return {};
  }
  if (!has("version") || !has("name") || !has("applied_at")) {
    throw Exception(Code::failed_precondition,
                    name_of(settings) +
                        ": the table schema_migrations is another tool's, without the columns version, name and "
                        "applied_at: rename it, if that tool is no longer used");
  }
  const std::string checksum = has("checksum") ? "checksum" : "NULL";
  return ReadTransaction(connection)
      .query<Record>("SELECT version, coalesce(name, ''), coalesce(CAST(applied_at AS TEXT), ''), " + checksum +
                     " FROM main.schema_migrations ORDER BY version");
}

// Why a step of the program's list cannot be. `last` is the highest version before it in the list, `newest` the highest
// that ran.
std::string problem_of(const Migration& migration, const Record* record, std::int64_t last, std::int64_t newest) {
  const std::string subject = title(migration.version, migration.name);
  if (migration.version <= last) {
    return subject + " stands behind version " + std::to_string(last) +
           " in the program's list: versions begin at 1 and grow";
  }
  if (migration.sql.contains('\0')) {
    return subject + " has a zero byte in its SQL, where SQLite would stop reading: take it out";
  }
  if (record == nullptr && migration.version < newest) {
    return subject + " never ran here, but version " + std::to_string(newest) + " did: give it a version above that";
  }
  if (record != nullptr && record->checksum && *record->checksum != checksum(migration)) {
    return subject + " was edited after it ran here: restore its text and put the change into a new migration";
  }
  return {};
}

// Why a step that ran cannot be unknown to the program.
std::string problem_of(const Record& record, std::int64_t last) {
  return title(record.version, record.name) + " ran here but is " +
         (record.version > last ? "unknown to this program, which is older than the database: run the newer program, "
                                  "or restore a snapshot from before it"
                                : "missing from the program's list: put it back, steps that ran are never removed");
}

std::vector<MigrationStep> compare(const std::vector<Record>& records, std::span<const Migration> migrations) {
  const std::int64_t newest = records.empty() ? 0 : records.back().version;
  std::int64_t last = 0;
  std::vector<MigrationStep> steps;
  for (const Migration& migration : migrations) {
    const auto found = std::ranges::find(records, migration.version, &Record::version);
    const Record* record = found == records.end() ? nullptr : &*found;
    steps.push_back({.version = migration.version,
                     .name = std::string(migration.name),
                     .applied_at = record != nullptr ? std::optional(record->applied_at) : std::nullopt,
                     .problem = problem_of(migration, record, last, newest)});
    last = std::max(last, migration.version);
  }
  for (const Record& record : records) {
    if (std::ranges::find(migrations, record.version, &Migration::version) == migrations.end()) {
      steps.push_back({.version = record.version,
                       .name = record.name,
                       .applied_at = record.applied_at,
                       .problem = problem_of(record, last)});
    }
  }
  std::ranges::sort(steps, {}, &MigrationStep::version);
  return steps;
}

// Commits what `work` does to the database, or nothing where it throws.
template <std::invocable<WriteTransaction&> Work>
void in_transaction(Connection& connection, Work work) {
  value_or_throw(connection.begin_immediate());
  try {
    WriteTransaction transaction(connection);
    work(transaction);
    connection.control(Control::commit);
  } catch (...) {
    if (connection.in_transaction()) {
      (void)connection.try_control(Control::rollback);
    }
    throw;
  }
}

// Makes the table where there is none. Records of a Go service have no checksum: theirs is taken for right, once.
void prepare_records(const config::Database& settings, std::span<const Migration> migrations) {
  Connection connection(settings, Connection::Role::migrator);
  const std::vector<Record> records = read_records(settings, connection);
  const std::vector<std::string> columns = record_columns(connection);
  const bool has_checksums = std::ranges::find(columns, "checksum") != columns.end();
  if (has_checksums && std::ranges::all_of(records, [](const Record& record) { return record.checksum.has_value(); })) {
    return;  // and no lock is waited for
  }
  in_transaction(connection, [&](WriteTransaction& transaction) {
    value_or_throw(transaction.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT, applied_at TEXT NOT NULL)"));
    value_or_throw(add_column_if_missing(transaction, "schema_migrations", "checksum", "TEXT"));
    for (const Record& record : records) {
      const auto known = std::ranges::find(migrations, record.version, &Migration::version);
      if (!record.checksum && known != migrations.end()) {
        value_or_throw(transaction.execute("UPDATE schema_migrations SET checksum = ?2 WHERE version = ?1",
                                           record.version, checksum(*known)));
      }
    }
  });
}

void run_sql(Connection& connection, const Migration& migration) {
  const int code = connection.run_script(std::string(migration.sql));
  if (code == SQLITE_AUTH) {
    throw Exception(Code::failed_precondition,
                    connection.last_error("run its SQL").message() +
                        ": a migration cannot begin or end a transaction or attach a database");
  }
  if (code != SQLITE_OK) {
    throw Exception(connection.last_error("run its SQL"));
  }
}

void run_code(Connection& connection, WriteTransaction& transaction, const Migration& migration) {
  if (migration.code != nullptr) {
    migration.code(transaction);
  }
  if (!connection.in_transaction()) {  // by INSERT OR ROLLBACK, say
    throw Exception(Code::aborted, "a statement rolled the transaction back");
  }
}

void check_foreign_keys(Connection& connection) {
  if (const auto broken = find_broken_foreign_keys(connection); !broken.empty()) {
    throw Exception(Code::failed_precondition, "a foreign key is broken at its end: " + broken.front() +
                                                   ": mend or delete such rows in the migration or before it");
  }
}

void run_step(const config::Database& settings, const Migration& migration, const Clock& clock) {
  Connection connection(settings, Connection::Role::migrator);
  in_transaction(connection, [&](WriteTransaction& transaction) {
    run_sql(connection, migration);
    run_code(connection, transaction, migration);
    check_foreign_keys(connection);
    value_or_throw(transaction.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
        migration.version, migration.name, checksum(migration), format_rfc3339(clock.now())));
  });
}

// Runs a step; what it throws names it.
MigrationRun run_named_step(const config::Database& settings, const Migration& migration, const Clock& clock) {
  const std::string subject = name_of(settings) + ": " + title(migration.version, migration.name);
  const auto start = clock.steady();
  try {
    run_step(settings, migration, clock);
  } catch (const Exception& problem) {
    throw Exception(problem.error().wrap(subject));
  } catch (const std::exception& problem) {  // of its code
    throw Exception(Code::unknown, subject + ": " + problem.what());
  }
  return {.version = migration.version, .name = std::string(migration.name), .duration = clock.steady() - start};
}

bool holds_data(const config::Database& settings) {
  Connection connection(settings, Connection::Role::checker);
  return ReadTransaction(connection)
      .query_one<std::int64_t>(
          "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> "
          "'schema_migrations'")
      .has_value();
}

}  // namespace

std::vector<MigrationStep> compare_steps(const config::Database& settings, std::span<const Migration> migrations) {
  if (!std::filesystem::exists(settings.path)) {
    return compare({}, migrations);
  }
  Connection connection(settings, Connection::Role::checker);
  return compare(read_records(settings, connection), migrations);
}

std::vector<Migration> find_pending(const config::Database& settings, std::span<const MigrationStep> steps,
                                    std::span<const Migration> migrations) {
  std::vector<Migration> pending;
  for (const MigrationStep& step : steps) {
    if (!step.problem.empty()) {
      throw Exception(Code::failed_precondition, name_of(settings) + ": " + step.problem);
    }
    if (!step.applied_at) {
      pending.push_back(*std::ranges::find(migrations, step.version, &Migration::version));
    }
  }
  return pending;
}

std::vector<MigrationRun> run_pending(const config::Database& settings, std::span<const Migration> migrations,
                                      const Clock& clock, const std::function<void()>& before_first,
                                      const std::function<void(MigrationRun&)>& on_step) {
  const std::vector<Migration> pending = find_pending(settings, compare_steps(settings, migrations), migrations);
  if (!pending.empty()) {
    before_first();
  }
  prepare_records(settings, migrations);
  std::vector<MigrationRun> runs;
  for (const Migration& migration : pending) {
    runs.push_back(run_named_step(settings, migration, clock));
    on_step(runs.back());
  }
  return runs;
}

MigrationReport migrate(const config::Database& settings, std::span<const Migration> migrations,
                        const log::Logger& logger, const Clock& clock,
                        const std::function<std::filesystem::path()>& take_snapshot) {
  const MigrationLock lock(settings, logger);
  MigrationReport report;
  const auto save_what_is_there = [&] {
    if (holds_data(settings)) {
      report.snapshot = take_snapshot();
    }
  };
  report.steps = run_pending(settings, migrations, clock, save_what_is_there, [&](const MigrationRun& run) {
    logger.info("migrated", {{"database", settings.path.string()},
                             {"version", run.version},
                             {"name", run.name},
                             {"duration", run.duration}});
  });
  return report;
}

}  // namespace mcdsl::db::internal
