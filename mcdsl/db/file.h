#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// Database files that this process has not open as a `Database`, any that SQLite can read: for archives and tools.
/// Paths are taken literally. What cannot be read is thrown as Exception: data_loss for a damaged file.
namespace mcdsl::db {

/// What a database file holds, at one moment.
struct FileContents {
  std::int64_t schema_version = 0;  ///< the newest recorded migration, or `user_version` where none is recorded
  std::map<std::string, std::int64_t> rows;      ///< of each table
  std::vector<std::string> broken_foreign_keys;  ///< a line each
};

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
