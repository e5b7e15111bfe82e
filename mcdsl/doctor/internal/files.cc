// The configuration as it was read, and who may read and change the service's files.
#include <optional>
#include <string>

#include <sys/stat.h>

#include "mcdsl/doctor/internal/checks.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kChangedByOthers = S_IWGRP | S_IWOTH;

struct Status {
  mode_t mode;
  uid_t owner;
};

std::optional<Status> status_of(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? std::optional(Status{.mode = status.st_mode, .owner = status.st_uid})
                                            : std::nullopt;
}

// For files that hold secrets or data: nobody else may change them, and only the owner and perhaps the group read them.
void check_private(const fs::path& path, const std::string& holds, Report& report) {
  const auto status = status_of(path);
  const std::string file = path.string();
  if (!status) {
    return;  // that it is missing is for another check to say
  }
  if ((status->mode & kChangedByOthers) != 0) {
    report.error(file, "accounts other than its owner may change it", "chmod go-w,o-rwx " + file);
  } else if ((status->mode & S_IRWXO) != 0) {
    report.warning(file, "every account of this machine may read it, and it holds " + holds, "chmod o-rwx " + file);
  }
}

}  // namespace

void check_config(const Installation& installation, Report& report) {
  const std::string file = installation.config_file.empty() ? "environment" : installation.config_file.string();
  for (const std::string& finding : installation.config_findings) {
    report.error(file, finding, "correct it; " + installation.name + " config example shows every key");
  }
}

void check_config_file(const Installation& installation, Report& report) {
  if (installation.config_file.empty()) {
    return;
  }
  check_private(installation.config_file, "secrets, or may one day", report);
  const fs::path folder = fs::absolute(installation.config_file).parent_path();
  const auto status = status_of(folder);
  if (status && (status->mode & S_IWOTH) != 0 && (status->mode & S_ISVTX) == 0) {
    report.error(folder.string(), "every account of this machine may replace the files in it",
                 "chmod o-w " + folder.string());
  }
}

void check_files(const config::Standard& config, Report& report) {
  if (config.server.tls == config::Tls::on) {
    const auto status = status_of(config.server.tls_key);
    if (status && (status->mode & S_IWGRP) != 0) {  // what is open to everybody is found with the certificate
      report.error(config.server.tls_key.string(), "accounts other than its owner may change the key",
                   "chmod g-w " + config.server.tls_key.string());
    }
  }
  if (config.database.path.empty()) {
    return;
  }
  const fs::path& database = config.database.path;
  check_private(database, "the service's data", report);
  check_private(backup_folder(config.database), "copies of the service's data", report);
  const fs::path folder = fs::absolute(database).parent_path();
  const auto file = status_of(database);
  const auto parent = status_of(folder);
  if (file && parent && file->owner != parent->owner) {
    report.error(database.string(), "belongs to another account than its folder: the service cannot write to it",
                 "chown --reference=" + folder.string() + " " + database.string() + "*");
  }
}

fs::path backup_folder(const config::Database& config) {
  return config.backup_dir.empty() ? config.path.parent_path() / "backups" : config.backup_dir;
}

}  // namespace mcdsl::doctor::internal
