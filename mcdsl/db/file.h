#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// Database files that this process has not open as a `Database`, any that SQLite can read: for archives and tools.
/// Paths are taken literally. What cannot be read is thrown as Exception: data_loss for a damaged file, unavailable
/// where another process holds it for longer than `config::Database::busy_timeout` is by default.
namespace mcdsl::db {

/// What a database file holds, at one moment.
struct FileContents {
  std::int64_t schema_version = 0;  ///< the newest recorded migration, or `user_version` where none is recorded
  std::map<std::string, std::int64_t> rows;      ///< of each table
  std::vector<std::string> broken_foreign_keys;  ///< a line each
};

/// How the files of a database stand that may be in use.
struct Inspection {
  std::string journal_mode = {};  ///< "wal"; another one where something else has changed it. Empty: it cannot be read
  std::uintmax_t bytes = 0;       ///< of the database
  std::uintmax_t wal_bytes = 0;   ///< of its write-ahead log; 0 where there is none
  std::vector<std::string> damage = {};               ///< what SQLite finds wrong with the file, a line each
  std::vector<std::string> broken_foreign_keys = {};  ///< a line each; not looked for in a damaged file
};

/// Reads all of a database, while a service uses it or not, and changes nothing. Damage is a finding and is not thrown;
/// not_found where there is no file.
[[nodiscard]] Inspection inspect(const std::filesystem::path& database);

/// Gives `use` the path of a copy in `folder`, made as `Database::snapshot` makes one and not synced. It is gone
/// afterwards; where the process is killed, with the next one there. Writers go on meanwhile.
void with_compact_copy(const std::filesystem::path& database, const std::filesystem::path& folder,
                       const std::function<void(const std::filesystem::path& copy, const FileContents&)>& use);

/// Reads all of a file that nobody writes: SQLite's integrity check, then what it holds. A write-ahead log beside it is
/// brought home first and is gone afterwards. Throws Exception (data_loss) naming what is wrong first.
[[nodiscard]] FileContents check_file(const std::filesystem::path& database);

/// Another process that has the database open, in write-ahead mode: "process 123 (notes)". Empty where there is none,
/// or where the system does not tell. Opens nothing.
[[nodiscard]] std::string find_user(const std::filesystem::path& database);

}  // namespace mcdsl::db
