#pragma once

#include <chrono>
#include <filesystem>

#include "mcdsl/service/service.h"

namespace mcdsl::internal {

/// Shows the age of the newest verified archive in `backups`: as the metric `verified_backup_age_seconds`, where there
/// is one, and with a `max_age` above zero as the health check "backup". Lifetime: the service's clock outlives both.
void add_backup_age(Service& service, const std::filesystem::path& backups, std::chrono::nanoseconds max_age);

}  // namespace mcdsl::internal
