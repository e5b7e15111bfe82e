#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mcdsl/doctor/doctor.h"

namespace mcdsl::doctor::internal {

/// Takes what the checks find.
class Report {
 public:
  /// `check` names the area of what follows.
  void begin(std::string check) { check_ = std::move(check); }
  void error(const std::string& where, const std::string& what, const std::string& fix) {
    add(Severity::error, where, what, fix);
  }
  void warning(const std::string& where, const std::string& what, const std::string& fix) {
    add(Severity::warning, where, what, fix);
  }
  void add(Severity severity, const std::string& where, const std::string& what, const std::string& fix);

  [[nodiscard]] std::vector<Finding> take() && { return std::move(findings_); }

 private:
  std::string check_;
  std::vector<Finding> findings_;
};

void check_config(const Installation& installation, Report& report);
void check_config_file(const Installation& installation, Report& report);

// These want a configuration.
void check_files(const config::Standard& config, Report& report);
void check_ports(const config::Server& config, Report& report);
void check_proxies(const config::Server& config, Report& report);
void check_certificate(const config::Server& config, const Options& options, Report& report);
void check_identity(const config::Mcias& config, const Options& options, Report& report);
void check_database(const config::Database& config, const Installation& installation, const Options& options,
                    Report& report);
void check_backups(const config::Standard& config, const Installation& installation, const Options& options,
                   Report& report);
void check_disk(const config::Database& config, const Options& options, Report& report);
void check_unit(const Installation& installation, const Options& options, Report& report);

/// Of the snapshots of a database.
[[nodiscard]] std::filesystem::path backup_folder(const config::Database& config);

}  // namespace mcdsl::doctor::internal
