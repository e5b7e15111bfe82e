#include "mcdsl/db/file.h"

#include <system_error>

#include "mcdsl/base/error.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/inspect.h"
#include "mcdsl/db/internal/lock_holder.h"
#include "mcdsl/db/internal/snapshot.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {
namespace {

using internal::Connection;

// A tool's memory is counted: a cache that makes no difference to whoever reads a file once, from its start to its end.
config::Database settings_of(const std::filesystem::path& database) {
  return {.path = database, .cache_kib = 2048};
}

std::int64_t read_schema_version(ReadTransaction& transaction) {
  const bool has_migrations =
      transaction.query_one<int>("SELECT 1 FROM pragma_table_info('schema_migrations') WHERE name = 'version'")
          .has_value();
  return transaction
      .query_one<std::int64_t>(has_migrations
                                   ? "SELECT coalesce(max(CAST(version AS INTEGER)), 0) FROM schema_migrations"
                                   : "PRAGMA user_version")
      .value();
}

FileContents read(Connection& connection) {
  ReadTransaction transaction(connection);
  return {.schema_version = read_schema_version(transaction),
          .rows = internal::count_rows(connection),
          .broken_foreign_keys = internal::find_broken_foreign_keys(connection)};
}

std::uintmax_t size_of(const std::filesystem::path& file) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(file, missing);
  return missing ? 0 : size;
}

}  // namespace

Inspection inspect(const std::filesystem::path& database) {
  if (!std::filesystem::exists(database)) {
    throw Exception(Code::not_found, "database " + database.string() + " is not there");
  }
  // The log's size before our connection, which may be the last to close and so take the log home.
  Inspection found{.bytes = size_of(database), .wal_bytes = size_of(database.string() + "-wal")};
  try {
    Connection connection(settings_of(database), Connection::Role::checker);
    found.damage = internal::find_damage(connection);
    if (found.damage.empty()) {
      found.journal_mode = ReadTransaction(connection).query_one<std::string>("PRAGMA journal_mode").value_or("");
      found.broken_foreign_keys = internal::find_broken_foreign_keys(connection);
    }
  } catch (const Exception& problem) {
    if (problem.error().code() == Code::unavailable) {
      throw;
    }
    found.damage.emplace_back(problem.what());
  }
  return found;
}

void with_compact_copy(const std::filesystem::path& database, const std::filesystem::path& folder,
                       const std::function<void(const std::filesystem::path& copy, const FileContents&)>& use) {
  internal::with_compact_copy(settings_of(database), folder, [&](const std::filesystem::path& copy) {
    FileContents contents;
    {
      Connection connection(settings_of(copy), Connection::Role::checker);
      contents = read(connection);
    }
    use(copy, contents);
  });
}

FileContents check_file(const std::filesystem::path& database) {
  if (std::filesystem::exists(database.string() + "-wal")) {
    Connection connection(settings_of(database), Connection::Role::copier);
    if (!connection.checkpoint(Connection::CheckpointKind::truncate).is_complete) {
      throw Exception(Code::unavailable, "database " + database.string() + ": somebody else has it open");
    }
  }
  Connection connection(settings_of(database), Connection::Role::checker);
  if (const auto damage = internal::find_damage(connection); !damage.empty()) {
    throw Exception(Code::data_loss, "database " + database.string() + ": " + damage.front());
  }
  return read(connection);
}

std::string find_user(const std::filesystem::path& database) {
  return internal::find_user(database);
}

}  // namespace mcdsl::db
