// The certificate that the service shows, and the identity service that it trusts.
#include <chrono>
#include <cmath>
#include <string>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/time.h"
#include "mcdsl/doctor/internal/checks.h"
#include "mcdsl/http/date.h"
#include "mcdsl/net/certificate.h"

namespace mcdsl::doctor::internal {

void check_certificate(const config::Server& config, const Options& options, Report& report) {
  if (config.tls != config::Tls::on) {
    return;
  }
  try {
    const net::CertificateStore store(config.tls_cert, config.tls_key, {}, options.clock, config.public_names);
    for (const net::CertificateFinding& finding : store.findings()) {
      if (finding.level == log::Level::error) {
        report.error(config.tls_cert.string(), finding.text, finding.fix);
      } else if (finding.level == log::Level::warn) {
        report.warning(config.tls_cert.string(), finding.text, finding.fix);
      }
    }
  } catch (const Exception& problem) {
    report.error("server.tls_cert, server.tls_key", problem.what(),
                 "put a certificate and its own key there, in PEM and without a passphrase (mcdsl ca issue)");
  }
}

void check_identity(const config::Mcias& config, const Options& options, Report& report) {
  if (config.server_url.empty()) {
    return;
  }
  const auto date = [&]() -> Result<std::string> {
    try {
      return auth::Authenticator(config, {.clock = options.clock}).date();
    } catch (const Exception& problem) {
      return fail(problem.error());
    }
  }();
  if (!date) {
    const bool is_setting = date.error().code() != Code::unavailable;
    report.error(is_setting ? "mcias.server_url, mcias.ca_cert" : config.server_url, date.error().to_string(),
                 is_setting ? "correct the setting that it names"
                            : "until it answers and is trusted, nobody can log in: see to the reason, and to "
                              "mcias.server_url and mcias.ca_cert");
    return;
  }
  const auto now = options.clock.now();
  const auto theirs = http::parse_date(*date, now);
  if (!theirs) {
    return;
  }
  const auto skew = std::chrono::round<std::chrono::seconds>(now - *theirs);
  if (std::chrono::abs(skew) > options.limits.max_clock_skew) {
    report.warning(config.server_url,
                   "its clock and ours differ by " + format_duration(std::chrono::abs(skew)) + ", ours is " +
                       (skew.count() > 0 ? "ahead" : "behind") +
                       ": tokens are taken for expired, or for longer than they are good",
                   "let both machines take their time from the network (timedatectl set-ntp true)");
  }
}

}  // namespace mcdsl::doctor::internal
