// The systemd unit that runs the service.
#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "mcdsl/base/time.h"
#include "mcdsl/doctor/internal/checks.h"
#include "mcdsl/doctor/internal/unit_file.h"

namespace mcdsl::doctor::internal {
namespace {

namespace fs = std::filesystem;

// Settings of systemd.exec(5) that cost a service of ours nothing.
constexpr auto kSwitches = std::to_array<std::string_view>(
    {"NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules",
     "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "ProtectHostname", "RestrictNamespaces",
     "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute"});
// And those whose value matters: one of these has to be part of it.
constexpr auto kValues =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"ProtectSystem", "strict"},
                                                                  {"SystemCallArchitectures", "native"},
                                                                  {"SystemCallFilter", "@system-service"},
                                                                  {"RestrictAddressFamilies", "AF_"},
                                                                  {"ProtectProc", "invisible"}});

std::string missing_hardening(const UnitFile& unit) {
  std::string missing;
  const auto add = [&](const std::string& setting) { missing += (missing.empty() ? "" : ", ") + setting; };
  for (const std::string_view key : kSwitches) {
    if (!unit.is_on(key)) {
      add(std::string(key) + "=yes");
    }
  }
  for (const auto& [key, value] : kValues) {
    const auto given = unit.all(key);
    if (std::ranges::none_of(given,
                             [&](const std::string& each) { return each.contains(value) && !each.starts_with('~'); })) {
      add(std::string(key) + "=" + std::string(value));
    }
  }
  if (!unit.is_on("ProtectHome") && unit.last("ProtectHome") != "tmpfs" && unit.last("ProtectHome") != "read-only") {
    add("ProtectHome=yes");
  }
  const std::string capabilities = unit.last("CapabilityBoundingSet");
  if (!unit.has("CapabilityBoundingSet") || (!capabilities.empty() && capabilities != "CAP_NET_BIND_SERVICE")) {
    add("CapabilityBoundingSet=");
  }
  return missing;
}

std::vector<std::string> words_of(const std::vector<std::string>& values) {
  std::vector<std::string> words;
  for (const std::string& value : values) {
    std::istringstream stream(value);
    for (std::string word; stream >> word;) {
      words.push_back(word);
    }
  }
  return words;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

// Whether the service may write to a folder, as far as its unit says so.
bool may_write_to(const UnitFile& unit, const fs::path& folder) {
  for (std::string word : words_of(unit.all("ReadWritePaths"))) {
    word.erase(0, word.find_first_not_of("-+"));
    if (is_below(folder, word)) {
      return true;
    }
  }
  return std::ranges::any_of(words_of(unit.all("StateDirectory")),
                             [&](const std::string& name) { return is_below(folder, fs::path("/var/lib") / name); });
}

void check_program(const UnitFile& unit, Report& report) {
  const auto words = words_of({unit.last("ExecStart")});
  std::string program = words.empty() ? "" : words.front();
  program.erase(0, std::min(program.find_first_not_of("-@:+!"), program.size()));
  if (program.starts_with('/') && !program.contains('%') && !fs::exists(program)) {
    report.error(unit.path().string(), "starts " + program + ", which is not there",
                 "install it, or correct ExecStart=");
  }
}

void check_life(const UnitFile& unit, const config::Server& config, Report& report) {
  const std::string file = unit.path().string();
  const std::string type = unit.last("Type");
  if (type != "notify" && type != "notify-reload") {
    report.warning(file,
                   "systemd takes the service for ready before it is (Type=" + (type.empty() ? "simple" : type) + ")",
                   "Type=notify");
  }
  if (parse_systemd_time(unit.last("WatchdogSec")).value_or(std::chrono::microseconds(0)).count() == 0) {
    report.warning(file, "nobody notices when the service hangs", "WatchdogSec=30");
  }
  const std::string restart = unit.last("Restart");
  if (restart.empty() || restart == "no") {
    report.warning(file, "nobody starts the service again when it fails", "Restart=on-failure");
  }
  constexpr auto kDefaultStop = std::chrono::seconds(90);
  const auto stop = parse_systemd_time(unit.last("TimeoutStopSec")).value_or(kDefaultStop);
  const auto needed = std::chrono::ceil<std::chrono::seconds>(config.drain_delay + config.shutdown_timeout);
  if (stop < needed) {
    report.warning(file,
                   "systemd kills the service before its drain is over, which may take " + format_duration(needed),
                   "TimeoutStopSec=" + std::to_string(needed.count() + 10));
  }
}

}  // namespace

void check_unit(const Installation& installation, const Options& options, Report& report) {
  const auto unit = UnitFile::find(installation.name, options.unit_folders);
  if (!unit) {
    return;  // it may run in a container, or by hand
  }
  const std::string file = unit->path().string();
  const config::Standard& config = *installation.config;
  const std::string user = unit->last("User");
  if (!unit->is_on("DynamicUser") && (user.empty() || user == "root" || user == "0")) {
    report.error(file, "runs the service as root", "give it an account of its own: User=" + installation.name);
  }
  check_program(*unit, report);
  check_life(*unit, config.server, report);
  if (const std::string missing = missing_hardening(*unit); !missing.empty()) {
    report.warning(file, "leaves the service more than it needs", "add " + missing);
  }
  if (!config.database.path.empty() && unit->last("ProtectSystem") == "strict") {
    const fs::path folder = fs::absolute(config.database.path).parent_path();
    if (!may_write_to(*unit, folder)) {
      report.error(file, "does not let the service write to " + folder.string(), "ReadWritePaths=" + folder.string());
    }
  }
}

}  // namespace mcdsl::doctor::internal
