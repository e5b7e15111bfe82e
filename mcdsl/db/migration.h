#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mcdsl::db {

/// One step of a schema's history. Released steps are never edited: a database knows the checksum of what it has run.
struct Migration {
  std::int64_t version;   ///< from 1, each larger than the one before
  std::string_view name;  ///< "create_notes"
  /// Statements that run in one transaction with their record. They must not begin or end transactions; foreign keys
  /// are not enforced while they run, so that tables can be rebuilt, and checked as a whole at the end.
  std::string_view sql;
};

/// SHA-256, in hexadecimal, of the SQL with each run of white space and comments outside quotes as one space: a new
/// layout is no edit.
[[nodiscard]] std::string checksum(const Migration& migration);

}  // namespace mcdsl::db
