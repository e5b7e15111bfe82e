#pragma once

#include <filesystem>

#include "mcdsl/config/standard.h"

namespace mcdsl::db::internal {

/// What Database::snapshot promises.
void take_snapshot(const config::Database& settings, const std::filesystem::path& target);

}  // namespace mcdsl::db::internal
