#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "mcdsl/config/standard.h"
#include "mcdsl/db/internal/connection.h"

namespace mcdsl::db::internal {

/// What Database::snapshot promises.
void take_snapshot(const config::Database& settings, const std::filesystem::path& target);

/// Gives `use` the path of a copy, checked as that of a snapshot and of mode 0600, in a folder. It is gone afterwards;
/// where the process is killed, with the next one there.
void with_copy(const config::Database& settings, const std::filesystem::path& folder,
               const std::function<void(const std::filesystem::path&)>& use);

/// The same with a copy that is vacuumed, too.
void with_compact_copy(const config::Database& settings, const std::filesystem::path& folder,
                       const std::function<void(const std::filesystem::path&)>& use);

/// How a copy finds its rows: through the smallest index, as SQLite likes it, or through the tables themselves.
enum class CountBy : std::uint8_t { any_index, table };

/// What a copy is compared by: numbers by their names, "rows of notes", "user_version", "newest migration".
using Contents = std::map<std::string, std::int64_t>;

/// Within a transaction all numbers are of one moment. Throws Exception.
[[nodiscard]] Contents read_contents(Connection& connection, CountBy way);

/// Throws Exception (data_loss), naming the first difference, where the copy in `file` is damaged or does not hold
/// `expected`.
void check_copy(const config::Database& settings, const std::string& file, const Contents& expected);

}  // namespace mcdsl::db::internal
