// The database, its copies, and the room for both.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/retention.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/time.h"
#include "mcdsl/db/file.h"
#include "mcdsl/doctor/internal/checks.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

struct Backup {
  fs::path file;
  std::time_t made;
};

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
      found.push_back({.file = entry.path(), .made = status.st_mtim.tv_sec});
    }
  }
  std::ranges::sort(found, std::greater(), &Backup::made);
  return found;
}

// Where the service's own archive command puts them.
fs::path archive_folder(const config::Standard& config, const Installation& installation) {
  const fs::path& beside = installation.config_file.empty() ? config.database.path : installation.config_file;
  return fs::absolute(beside).parent_path() / archive::kBackupFolder;
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

void check_backups(const config::Standard& config, const Installation& installation, const Options& options,
                   Report& report) {
  struct stat database{};
  if (::stat(config.database.path.c_str(), &database) != 0) {
    return;  // nothing to back up, or the check before this one has told
  }
  const std::string& name = installation.name;
  const fs::path folder = archive_folder(config, installation);
  const auto newest = archive::newest(folder, name);
  if (!newest) {
    report.warning(
        folder.string(), "holds no archive of " + name,
        "enable the timers of deploy/ (" + name + "-backup, " + name + "-verify), or run " + name + " archive create");
    return;
  }
  const std::string file = newest->archive.string();
  if (!newest->damage.empty()) {
    report.error(file, "is the newest archive and no backup: " + newest->damage,
                 "make another with " + name + " archive create, verify it, and look for the cause: the disk first");
    return;
  }
  const std::string verify = "mcdsl archive verify " + file;
  const auto verified = archive::last_verified(folder, name);
  if (!verified) {
    report.warning(folder.string(), "holds archives of " + name + ", but none that is verified",
                   verify + "; the timer " + name + "-verify does it every day");
    return;
  }
  const auto limit =
      config.backup.max_age > std::chrono::nanoseconds::zero() ? config.backup.max_age : options.limits.max_backup_age;
  if (const auto age = options.clock.now() - verified->created_at; age > limit) {
    const bool is_newest = verified->archive == newest->archive;
    report.warning(verified->archive.string(),
                   "is the last archive that was verified, and " +
                       std::to_string(std::chrono::duration_cast<std::chrono::hours>(age).count()) + " hours old",
                   is_newest ? "find out why " + name + "-backup.timer makes no more, and run " + name +
                                   " archive create and " + name + " archive verify"
                             : verify + "; find out why " + name + "-verify.timer does not");
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
