#include "mcdsl/service/internal/commands.h"

#include <filesystem>
#include <ostream>

#include <sys/stat.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/base/file.h"
#include "mcdsl/db/database.h"
#include "mcdsl/doctor/health_probe.h"
#include "mcdsl/net/address.h"
#include "mcdsl/service/run.h"

namespace mcdsl::internal {
namespace {

constexpr int kOk = static_cast<int>(Exit::ok);
constexpr int kFailure = static_cast<int>(Exit::failure);
constexpr int kHealthy = 200;

void make_private_folder(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
}

}  // namespace

const config::Database& require_database(const config::Standard& config) {
  if (config.database.path.empty()) {
    throw Exception(Code::failed_precondition, "the service has no database (database.path is empty)");
  }
  return config.database;
}

int make_folder(const std::string& name, const std::string& config_file, const std::string& example,
                std::ostream& out) {
  const std::filesystem::path file = config_file.empty() ? std::filesystem::path("/srv") / name / (name + ".toml")
                                                         : std::filesystem::path(config_file);
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (!std::filesystem::exists(folder)) {
    make_private_folder(folder);
  }
  make_private_folder(folder / "certs");
  make_private_folder(folder / archive::kBackupFolder);
  if (std::filesystem::exists(file)) {
    out << file.string() << " is there already and stays as it is\n";
  } else {
    write_file_atomically(file, example, 0600);
    out << "wrote " << file.string() << "; fill in what it marks as required, then: " << name
        << " config check --config " << file.string() << '\n';
  }
  return kOk;
}

int print_status(const config::Standard& config, std::ostream& out) {
  const net::Address address = value_or_throw(net::parse_address(config.server.listen_addr));
  const auto answer = doctor::HealthProbe::of(config.server, address).ask();
  out << answer.body << '\n';
  return answer.status == kHealthy ? kOk : kFailure;
}

int print_snapshot(const config::Standard& config, const std::string& path, std::ostream& out) {
  const auto database = db::Database::open(require_database(config));
  const std::filesystem::path target = path.empty() ? database.default_snapshot_path() : std::filesystem::path(path);
  std::filesystem::create_directories(target.parent_path().empty() ? "." : target.parent_path());
  database.snapshot(target);
  out << target.string() << '\n';
  return kOk;
}

}  // namespace mcdsl::internal
