#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mcdsl/config/standard.h"

namespace mcdsl::db {

/// How a database's files stand.
struct Inspection {
  std::string journal_mode = {};  ///< "wal"; another one where something else has changed it. Empty: it cannot be read
  std::uintmax_t bytes = 0;       ///< of the database
  std::uintmax_t wal_bytes = 0;   ///< of its write-ahead log; 0 where there is none
  std::vector<std::string> damage = {};               ///< what SQLite finds wrong with the file, a line each
  std::vector<std::string> broken_foreign_keys = {};  ///< a line each; not looked for in a damaged file
};

/// Reads all of a database, while a service uses it or not, and changes nothing. Throws Exception: not_found where
/// there is no file; unavailable where another process holds it for longer than `busy_timeout`.
[[nodiscard]] Inspection inspect(const config::Database& settings);

}  // namespace mcdsl::db
