#include "mcdsl/db/inspection.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "mcdsl/base/error.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/inspect.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {
namespace {

std::uintmax_t size_of(const std::filesystem::path& file) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(file, missing);
  return missing ? 0 : size;
}

}  // namespace

Inspection inspect(const config::Database& settings) {
  if (!std::filesystem::exists(settings.path)) {
    throw Exception(Code::not_found, "database " + settings.path.string() + " is not there");
  }
  // The log's size before our connection, which may be the last to close and so take the log home.
  Inspection found{.bytes = size_of(settings.path), .wal_bytes = size_of(settings.path.string() + "-wal")};
  try {
    internal::Connection connection(settings, internal::Connection::Role::checker);
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

}  // namespace mcdsl::db
