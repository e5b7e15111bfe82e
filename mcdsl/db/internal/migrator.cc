#include "mcdsl/db/internal/migrator.h"

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>

#include "mcdsl/base/time.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {
namespace {

using internal::Connection;

struct Record {
  std::int64_t version = 0;
  std::string name;
  std::optional<std::string> checksum;  // none where a Go service wrote the record

  void bind(Row& row) { row.into(version, name, checksum); }
};

std::string title(std::int64_t version, std::string_view name) {
  return "migration " + std::to_string(version) + " (" + std::string(name) + ")";
}

[[noreturn]] void refuse(const config::Database& settings, const std::string& why) {
  throw Exception(Code::failed_precondition, "database " + settings.path.string() + ": " + why);
}

void check_list(const config::Database& settings, std::span<const Migration> migrations) {
  std::int64_t last = 0;
  for (const Migration& migration : migrations) {
    if (migration.version <= last) {
      refuse(settings, title(migration.version, migration.name) + " stands behind version " + std::to_string(last) +
                           " in the program's list: versions begin at 1 and grow");
    }
    last = migration.version;
  }
}

// One process at a time: on a file beside the database, since locks of the database itself come and go with
// connections.
class MigrationLock {
 public:
  explicit MigrationLock(const config::Database& settings) {
    const std::string path = settings.path.string() + ".migrate-lock";
    fd_.reset(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (!fd_) {
      throw Exception(Code::permission_denied, "open " + path + ": " + errno_text(errno));
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

bool has_column(ReadTransaction& transaction, std::string_view table, std::string_view column) {
  return transaction.query_one<std::int64_t>("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2", table, column)
      .has_value();
}

std::vector<Record> read_records(Connection& connection) {
  ReadTransaction transaction(connection);
  if (!has_column(transaction, "schema_migrations", "version")) {
    return {};
  }
  const bool has_checksums = has_column(transaction, "schema_migrations", "checksum");
  return transaction.query<Record>(has_checksums
                                       ? "SELECT version, name, checksum FROM schema_migrations ORDER BY version"
                                       : "SELECT version, name, NULL FROM schema_migrations ORDER BY version");
}

void check_record(const config::Database& settings, const Record& record, std::span<const Migration> migrations) {
  const auto known = std::ranges::find(migrations, record.version, &Migration::version);
  if (known == migrations.end()) {
    const bool is_newer = migrations.empty() || record.version > migrations.back().version;
    refuse(settings, title(record.version, record.name) + " ran here but is " +
                         (is_newer ? "unknown to this program, which is older than the database: run the newer "
                                     "program, or restore a snapshot from before it"
                                   : "missing from the program's list: put it back, steps that ran are never removed"));
  }
  if (record.checksum && *record.checksum != checksum(*known)) {
    refuse(settings, title(record.version, record.name) +
                         " was edited after it ran here: restore its text and put the change "
                         "into a new migration");
  }
}

std::vector<Migration> find_pending(const config::Database& settings, const std::vector<Record>& records,
                                    std::span<const Migration> migrations) {
  const std::int64_t newest = records.empty() ? 0 : records.back().version;
  std::vector<Migration> pending;
  for (const Record& record : records) {
    check_record(settings, record, migrations);
  }
  for (const Migration& migration : migrations) {
    if (std::ranges::find(records, migration.version, &Record::version) != records.end()) {
      continue;
    }
    if (migration.version < newest) {
      refuse(settings, title(migration.version, migration.name) + " never ran here, but version " +
                           std::to_string(newest) + " did: give it a version above that");
    }
    pending.push_back(migration);
  }
  return pending;
}

// Commits what `work` does to the database, or nothing where it throws.
template <std::invocable<WriteTransaction&> Work>
void in_transaction(Connection& connection, Work work) {
  connection.run("BEGIN IMMEDIATE");
  try {
    WriteTransaction transaction(connection);
    work(transaction);
    connection.run("COMMIT");
  } catch (...) {
    if (connection.in_transaction()) {
      (void)connection.try_run("ROLLBACK");
    }
    throw;
  }
}

// Makes the table where there is none. Records of a Go service have no checksum: theirs is taken for right, once.
void prepare_records(WriteTransaction& transaction, const std::vector<Record>& records,
                     std::span<const Migration> migrations) {
  value_or_throw(
      transaction.execute("CREATE TABLE IF NOT EXISTS schema_migrations ("
                          "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT, applied_at TEXT NOT NULL)"));
  if (!has_column(transaction, "schema_migrations", "checksum")) {
    value_or_throw(transaction.execute("ALTER TABLE schema_migrations ADD COLUMN checksum TEXT"));
  }
  for (const Record& record : records) {
    if (!record.checksum) {
      const auto known = std::ranges::find(migrations, record.version, &Migration::version);
      value_or_throw(transaction.execute("UPDATE schema_migrations SET checksum = ?2 WHERE version = ?1",
                                         record.version, checksum(*known)));
    }
  }
}

void check_foreign_keys(const config::Database& settings, Connection& connection, const Migration& migration) {
  const auto broken = ReadTransaction(connection)
                          .query_one<std::tuple<std::string, std::optional<std::int64_t>, std::string>>(
                              "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1");
  if (broken) {
    const auto& [table, row, parent] = *broken;
    refuse(settings, title(migration.version, migration.name) + " leaves a broken foreign key: " + table +
                         (row ? " row " + std::to_string(*row) : "") + " refers to a row that " + parent +
                         " does not have");
  }
}

void apply(const config::Database& settings, Connection& connection, const Migration& migration, const Clock& clock) {
  in_transaction(connection, [&](WriteTransaction& transaction) {
    if (connection.run_script(std::string(migration.sql)) != SQLITE_OK) {
      throw Exception(connection.last_error(title(migration.version, migration.name)));
    }
    check_foreign_keys(settings, connection, migration);
    value_or_throw(transaction.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
        migration.version, migration.name, checksum(migration), format_rfc3339(clock.now())));
  });
}

bool holds_data(Connection& connection) {
  return ReadTransaction(connection)
      .query_one<std::int64_t>(
          "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> "
          "'schema_migrations'")
      .has_value();
}

// How far a text goes that ends after `end`.
std::size_t length_through(std::string_view text, std::string_view end, std::size_t from) {
  const std::size_t found = text.find(end, from);
  return found == std::string_view::npos ? text.size() : found + end.size();
}

// The white space and the comments that SQL begins with.
std::size_t blank_length(std::string_view sql) {
  std::size_t length = 0;
  while (length < sql.size()) {
    const std::string_view rest = sql.substr(length);
    if (rest.starts_with("--")) {
      length += length_through(rest, "\n", 2);
    } else if (rest.starts_with("/*")) {
      length += length_through(rest, "*/", 2);
    } else if (std::string_view(" \t\n\r\f\v").contains(rest.front())) {
      ++length;
    } else {
      break;
    }
  }
  return length;
}

// The quoted text, or else the one character, that SQL begins with.
std::size_t piece_length(std::string_view sql) {
  const char first = sql.front();
  if (first == '\'' || first == '"' || first == '`') {
    return length_through(sql, sql.substr(0, 1), 1);
  }
  return first == '[' ? length_through(sql, "]", 1) : 1;
}

}  // namespace

std::string checksum(const Migration& migration) {
  std::string text;
  std::string_view rest = migration.sql;
  while (!rest.empty()) {
    if (const std::size_t blank = blank_length(rest); blank > 0) {
      rest.remove_prefix(blank);
      text += text.empty() || rest.empty() ? "" : " ";
    } else {
      const std::size_t length = piece_length(rest);
      text += rest.substr(0, length);
      rest.remove_prefix(length);
    }
  }
  return crypto::to_hex(crypto::sha256(text));
}

void internal::migrate(const config::Database& settings, std::span<const Migration> migrations,
                       const log::Logger& logger, const Clock& clock, const std::function<void()>& take_snapshot) {
  check_list(settings, migrations);
  const MigrationLock lock(settings);
  Connection connection(settings, Connection::Role::migrator);
  const auto records = read_records(connection);
  const auto pending = find_pending(settings, records, migrations);
  if (!pending.empty() && holds_data(connection)) {
    take_snapshot();
  }
  in_transaction(connection, [&](WriteTransaction& transaction) { prepare_records(transaction, records, migrations); });
  for (const Migration& migration : pending) {
    apply(settings, connection, migration, clock);
    logger.info("migrated",
                {{"database", settings.path.string()}, {"version", migration.version}, {"name", migration.name}});
  }
}

}  // namespace mcdsl::db
