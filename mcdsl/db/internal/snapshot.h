#pragma once

#include <filesystem>
#include <functional>

#include "mcdsl/config/standard.h"

namespace mcdsl::db::internal {

/// What Database::snapshot promises.
void take_snapshot(const config::Database& settings, const std::filesystem::path& target);

/// Gives `use` the path of a copy, checked as that of a snapshot and of mode 0600, in a folder. It is gone afterwards;
/// where the process is killed, with the next one there.
void with_copy(const config::Database& settings, const std::filesystem::path& folder,
               const std::function<void(const std::filesystem::path&)>& use);

}  // namespace mcdsl::db::internal
