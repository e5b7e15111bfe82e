#include "mcdsl/doctor/doctor.h"

#include <exception>
#include <ostream>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/doctor/internal/checks.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::doctor {
namespace {

constexpr std::size_t kMaxText = 600;  // of a line that may hold foreign text

std::string_view name(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

}  // namespace

void internal::Report::add(Severity severity, const std::string& where, const std::string& what,
                           const std::string& fix) {
  findings_.push_back({.severity = severity,
                       .check = check_,
                       .where = printable(where, kMaxText),
                       .what = printable(what, kMaxText),
                       .fix = printable(fix, kMaxText)});
}

std::vector<Finding> examine(const Installation& installation, const Options& options) {
  internal::Report report;
  // A check that fails tells so and leaves the others to go on.
  const auto run = [&](const char* check, auto look) {
    report.begin(check);
    try {
      look();
    } catch (const std::exception& problem) {
      report.error(installation.name, std::string("cannot be checked: ") + problem.what(),
                   "see to what it says, and run the doctor as the service's own user or as root");
    }
  };
  run("config", [&] { internal::check_config(installation, report); });
  run("files", [&] { internal::check_config_file(installation, report); });
  if (installation.config != nullptr) {
    const config::Standard& config = *installation.config;
    run("files", [&] { internal::check_files(config, report); });
    run("ports", [&] { internal::check_ports(config.server, report); });
    run("proxies", [&] { internal::check_proxies(config.server, report); });
    run("certificate", [&] { internal::check_certificate(config.server, options, report); });
    run("identity", [&] { internal::check_identity(config.mcias, options, report); });
    if (!config.database.path.empty()) {
      run("database", [&] { internal::check_database(config.database, installation, options, report); });
      run("backups", [&] { internal::check_backups(config, installation, options, report); });
      run("disk", [&] { internal::check_disk(config.database, options, report); });
    }
    run("unit", [&] { internal::check_unit(installation, options, report); });
  }
  return std::move(report).take();
}

void print(std::span<const Finding> findings, std::ostream& out) {
  if (findings.empty()) {
    out << "nothing was found wrong\n";
  }
  for (const Finding& finding : findings) {
    out << name(finding.severity) << " " << finding.check << ": " << finding.where << "\n  " << finding.what
        << "\n  fix: " << finding.fix << '\n';
  }
}

std::string to_json(std::span<const Finding> findings) {
  json::Writer out;
  out.begin_array();
  for (const Finding& finding : findings) {
    out.begin_object()
        .field("severity", name(finding.severity))
        .field("check", finding.check)
        .field("where", finding.where)
        .field("what", finding.what)
        .field("fix", finding.fix)
        .end_object();
  }
  out.end_array();
  return std::move(out).take();
}

}  // namespace mcdsl::doctor
