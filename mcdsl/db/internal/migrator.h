#pragma once

#include <functional>
#include <span>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"

namespace mcdsl::db::internal {

/// What Database::migrate promises. `take_snapshot` is called once, before the first pending migration of a database
/// that holds data.
void migrate(const config::Database& settings, std::span<const Migration> migrations, const log::Logger& logger,
             const Clock& clock, const std::function<void()>& take_snapshot);

}  // namespace mcdsl::db::internal
