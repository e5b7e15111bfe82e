#pragma once

#include <filesystem>
#include <string>

namespace mcdsl::db::internal {

/// Who holds the write lock of a database in WAL mode, as far as the system tells: "process 123 (sqlite3)"; empty where
/// it does not. Reads /proc/locks and never opens the database's files: closing one would drop this process's own
/// locks.
[[nodiscard]] std::string find_write_lock_holder(const std::filesystem::path& database);

/// The same of the lock on a whole file (flock(2)).
[[nodiscard]] std::string find_file_lock_holder(const std::filesystem::path& file);

/// Another process that has the database open, in the same words.
[[nodiscard]] std::string find_user(const std::filesystem::path& database);

/// Whether another process has the database open. False where the system does not tell.
[[nodiscard]] bool is_used_by_others(const std::filesystem::path& database);

}  // namespace mcdsl::db::internal
