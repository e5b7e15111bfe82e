#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/config/config.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"

/// Looks at an installation of a service, running or not, for what is wrong with it or soon will be. It only looks.
namespace mcdsl::doctor {

enum class Severity : std::uint8_t {
  error,    ///< the service does not start, or its clients are refused, or data is at risk now
  warning,  ///< some of that may come, or somebody may see what they should not
};

/// Something to be put right. Each text is one line, without control characters and without secrets.
struct Finding {
  Severity severity = Severity::error;
  std::string check;  ///< the area: "config", "certificate", "database", …
  std::string where;  ///< a file, a key of the configuration, an address
  std::string what;
  std::string fix;  ///< what to do about it
};

/// What there is to look at.
struct Installation {
  std::string name;                          ///< of the service, and so of its unit
  std::filesystem::path config_file = {};    ///< empty: it has none
  const config::Standard* config = nullptr;  ///< null where it cannot be loaded, as `config_findings` say
  std::vector<std::string> config_findings = {};
  std::span<const db::Migration> migrations = {};  ///< empty: not known
};

/// Where it begins to be worth a finding.
struct Limits {
  std::chrono::hours max_backup_age{36};  ///< of the last verified archive, where the configuration names none
  std::chrono::seconds max_clock_skew{30};
  std::uintmax_t max_wal_bytes = std::uintmax_t{256} << 20U;
  std::uintmax_t min_free_bytes = std::uintmax_t{256} << 20U;
};

struct Options {
  const Clock& clock = system_clock();
  Limits limits = {};
  /// As systemd searches them (systemd.unit(5)).
  std::vector<std::filesystem::path> unit_folders = {"/etc/systemd/system", "/run/systemd/system",
                                                     "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                                                     "/lib/systemd/system"};
};

/// Everything that was found, errors and warnings, in the order of the checks: config, file modes, ports, proxies,
/// certificate, identity service, database, backups, disk, unit. May take as long as reading the whole database and one
/// call to the identity service. What a check itself fails at is a finding too.
[[nodiscard]] std::vector<Finding> examine(const Installation& installation, const Options& options = {});

/// For a service whose configuration is a `Config`, or the standard sections alone.
template <class Config>
[[nodiscard]] std::vector<Finding> examine_service(const std::string& name, const config::Source& source,
                                                   std::span<const db::Migration> migrations = {},
                                                   const Options& options = {}) {
  Installation installation{.name = name, .config_file = source.file, .migrations = migrations};
  config::Loaded<Config> loaded;
  try {
    loaded = config::load<Config>(source);
    installation.config = &loaded.value;
  } catch (const config::Invalid& problem) {
    installation.config_findings = problem.findings();
  }
  return examine(installation, options);
}

/// Three lines for each, for people; one that says so where there are none.
void print(std::span<const Finding> findings, std::ostream& out);

/// A JSON array of objects with the fields of a Finding.
[[nodiscard]] std::string to_json(std::span<const Finding> findings);

}  // namespace mcdsl::doctor
