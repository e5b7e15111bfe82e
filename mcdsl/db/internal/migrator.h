#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"

namespace mcdsl::db::internal {

/// Sets the program's list beside what the database has recorded: nothing where there is no file. Throws Exception
/// where the records are another tool's.
[[nodiscard]] std::vector<MigrationStep> compare_steps(const config::Database& settings,
                                                       std::span<const Migration> migrations);

/// The steps to run. Throws Exception (failed_precondition) with the first problem there is.
[[nodiscard]] std::vector<Migration> find_pending(const config::Database& settings,
                                                  std::span<const MigrationStep> steps,
                                                  std::span<const Migration> migrations);

/// Brings a database up to date, whoever else uses it: for migrate, under its lock, and for rehearsals. Calls `on_step`
/// after each step, which may add to its report.
[[nodiscard]] std::vector<MigrationRun> run_pending(const config::Database& settings,
                                                    std::span<const Migration> migrations, const Clock& clock,
                                                    const std::function<void()>& before_first,
                                                    const std::function<void(MigrationRun&)>& on_step);

/// What Database::migrate promises. `take_snapshot` is called once, before the first pending migration of a database
/// that holds data, and returns where the snapshot is.
[[nodiscard]] MigrationReport migrate(const config::Database& settings, std::span<const Migration> migrations,
                                      const log::Logger& logger, const Clock& clock,
                                      const std::function<std::filesystem::path()>& take_snapshot);

}  // namespace mcdsl::db::internal
