// The database, its copies, and the room for both.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/time.h"
#include "mcdsl/db/file.h"
#include "mcdsl/doctor/internal/checks.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

struct Backup {
  fs::path file;
  Clock::WallTime made;
  std::uintmax_t bytes = 0;
};

Clock::WallTime modified(const struct stat& status) {
  return Clock::WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
}

// Snapshots of the database and archives of the folder, the newest first.
std::vector<Backup> find_backups(const fs::path& folder) {
  std::vector<Backup> found;
  if (!fs::is_directory(folder)) {
    return found;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    struct stat status{};
    if ((name.ends_with(".db") || name.ends_with(".tar.zst")) && !name.starts_with('.') &&
        ::stat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      found.push_back(
          {.file = entry.path(), .made = modified(status), .bytes = static_cast<std::uintmax_t>(status.st_size)});
    }
  }
  std::ranges::sort(found, std::greater(), &Backup::made);
  return found;
}

std::string mebibytes(std::uintmax_t bytes) {
  return std::to_string(bytes >> 20U) + " MiB";
}

std::string first_of(const std::vector<std::string>& lines) {
  const std::size_t more = lines.size() - 1;
  return lines.front() + (more == 0 ? "" : ", and " + std::to_string(more) + " more");
}

void check_missing(const config::Database& config, Report& report) {
  const fs::path folder = fs::absolute(config.path).parent_path();
  if (!fs::is_directory(folder)) {
    report.error("database.path", "its folder, " + folder.string() + ", is not there",
                 "make it, with the service's account as its owner, or correct database.path");
  } else if (const auto backups = find_backups(backup_folder(config)); !backups.empty()) {
    report.error(config.path.string(), "is not there, but there are backups of it",
                 "stop the service and restore the newest one, " + backups.front().file.string());
  }
}

void check_migrations(const config::Database& config, const Installation& installation, Report& report) {
  if (installation.migrations.empty()) {
    return;
  }
  std::vector<std::string> problems;
  std::size_t pending = 0;
  for (const db::MigrationStep& step : db::migration_status(config, installation.migrations)) {
    pending += step.applied_at ? 0 : 1;
    if (!step.problem.empty()) {
      problems.push_back(step.problem);
    }
  }
  if (!problems.empty()) {
    report.error(config.path.string(), first_of(problems), installation.name + " migrate status shows all steps");
  } else if (pending > 0) {
    report.warning(config.path.string(), std::to_string(pending) + " migrations are pending",
                   installation.name + " migrate rehearse tries them on a copy; the next start runs them");
  }
}

}  // namespace

void check_database(const config::Database& config, const Installation& installation, const Options& options,
                    Report& report) {
  const std::string file = config.path.string();
  if (!fs::exists(config.path)) {
    check_missing(config, report);
    return;
  }
  if (!fs::is_regular_file(config.path)) {
    report.error(file, "is no file", "correct database.path");
    return;
  }
  const db::Inspection found = db::inspect(config.path);
  if (!found.damage.empty()) {
    report.error(file, "is damaged: " + first_of(found.damage),
                 "stop the service, keep the file, and restore the newest backup (docs/runbook.md)");
    return;
  }
  if (!found.broken_foreign_keys.empty()) {
    report.error(file, first_of(found.broken_foreign_keys),
                 "mend the rows with sqlite3, or restore a backup from before they broke");
  }
  if (found.journal_mode != "wal" && found.bytes > 0) {
    report.warning(file, "is in journal mode \"" + found.journal_mode + "\": another program has changed it",
                   "nothing: the next start of the service changes it back; find out who else opens the file");
  }
  if (found.wal_bytes > options.limits.max_wal_bytes) {
    report.warning(file + "-wal", "the write-ahead log has grown to " + mebibytes(found.wal_bytes),
                   "look for a reader that does not end, in the service or another program; a restart empties it");
  }
  check_migrations(config, installation, report);
}

void check_backups(const config::Database& config, const Options& options, Report& report) {
  const fs::path folder = backup_folder(config);
  struct stat database{};
  if (::stat(config.path.c_str(), &database) != 0) {
    return;  // nothing to back up, or the check before this one has told
  }
  const std::string fix = "enable the timer of deploy/, or run the snapshot command and find out why nothing else does";
  const auto backups = find_backups(folder);
  if (backups.empty()) {
    report.warning(folder.string(), "holds no backup of " + config.path.filename().string(), fix);
    return;
  }
  const Backup& newest = backups.front();
  if (newest.bytes == 0) {
    report.error(newest.file.string(), "is empty, and the newest backup there is", fix);
  } else if (const auto age = options.clock.now() - newest.made; age > options.limits.max_backup_age) {
    report.warning(folder.string(),
                   "the newest backup is " +
                       std::to_string(std::chrono::duration_cast<std::chrono::hours>(age).count()) + " hours old",
                   fix);
  }
}

void check_disk(const config::Database& config, const Options& options, Report& report) {
  const fs::path folder = fs::absolute(config.path).parent_path();
  struct statvfs space{};
  if (::statvfs(folder.c_str(), &space) != 0) {
    return;
  }
  const std::uintmax_t free = std::uintmax_t{space.f_bavail} * space.f_frsize;
  std::error_code missing;
  const std::uintmax_t size = fs::file_size(config.path, missing);
  if (free < options.limits.min_free_bytes) {
    report.error(folder.string(), "only " + mebibytes(free) + " of the disk are free", "make room, or a larger disk");
  } else if (!missing && free < size) {
    report.warning(folder.string(), "the disk has no room for a copy of the database (" + mebibytes(size) + ")",
                   "make room: backups and migrations need as much as the database is large");
  }
}

}  // namespace mcdsl::doctor::internal
