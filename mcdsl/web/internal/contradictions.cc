#include "mcdsl/web/internal/contradictions.h"

#include "mcdsl/csrf/origin.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::string_view kCallbackPath = "/sso/callback";

void check_public_url(const config::Standard& config, std::vector<std::string>& findings) {
  const std::string& url = config.web.public_url;
  if (url.empty()) {
    findings.emplace_back(
        "web.public_url: is required where a service has pages: the start of what a browser has in its address bar, "
        "such as https://notes.example.org");
    return;
  }
  const auto origin = csrf::Origin::parse(url);
  if (!origin) {
    findings.push_back("web.public_url: " + origin.error().message());
    return;
  }
  if (!origin->is_https()) {
    findings.push_back(
        "web.public_url: \"" + url +
        "\" is plain HTTP, and the session cookie is Secure: browsers drop it there, so nobody could log in. Write "
        "https://, with server.tls = \"on\", or \"proxy\" behind a proxy that ends TLS");
  } else if (config.server.tls == config::Tls::off) {
    findings.push_back(
        "server.tls: is \"off\" while web.public_url is " + url +
        ": nothing here speaks TLS. Set server.tls = \"on\" with tls_cert and tls_key, or \"proxy\" with "
        "trusted_proxies where a proxy ends TLS before this service");
  }
}

void check_sso(const config::Standard& config, std::vector<std::string>& findings) {
  if (config.sso.redirect_uri.empty()) {
    if (!config.sso.client_id.empty()) {
      findings.emplace_back(
          "sso.client_id: is set and sso.redirect_uri is not: single sign-on would be off. Set sso.redirect_uri, or "
          "remove both");
    }
    return;
  }
  if (client_id(config).empty()) {
    findings.emplace_back("sso.client_id: is required for single sign-on where mcias.service_name is empty");
  }
  const auto origin = csrf::Origin::parse(config.web.public_url);
  if (origin && config.sso.redirect_uri != origin->text() + std::string(kCallbackPath)) {
    findings.push_back("sso.redirect_uri: is " + config.sso.redirect_uri +
                       ", where this service does not wait for it: web.public_url makes it " + origin->text() +
                       std::string(kCallbackPath) + " (register the same at the identity service)");
  }
}

}  // namespace

std::filesystem::path key_file(const config::Standard& config) {
  return config.web.key_file.empty() ? config.database.path.parent_path() / "web.keys" : config.web.key_file;
}

const std::string& client_id(const config::Standard& config) noexcept {
  return config.sso.client_id.empty() ? config.mcias.service_name : config.sso.client_id;
}

std::vector<std::string> contradictions(const config::Standard& config) {
  std::vector<std::string> findings;
  check_public_url(config, findings);
  check_sso(config, findings);
  if (config.web.key_file.empty() && config.database.path.empty()) {
    findings.emplace_back("web.key_file: is required where there is no database.path for it to stand beside");
  }
  return findings;
}

}  // namespace mcdsl::web::internal
