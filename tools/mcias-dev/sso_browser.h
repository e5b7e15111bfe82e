#pragma once

#include <map>
#include <string>
#include <string_view>

#include "mcdsl/http/application.h"
#include "mcdsl/http/response.h"
#include "tools/mcias-dev/test_server.h"

namespace mcias {

inline constexpr std::string_view kCallback = "https://notes.test/sso/callback";
inline constexpr std::string_view kOtherCallback = "https://notes.test/sso/other?tab=1";
inline constexpr std::string_view kForeignCallback = "https://wiki.test/sso/callback";
/// RFC 7636 appendix B.
inline constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Registers the clients "notes" and "wiki" with these addresses.
void add_sso_clients(Config& config);

using Fields = std::map<std::string, std::string, std::less<>>;

/// The parameters of a login for "notes" that nothing is wrong with.
[[nodiscard]] Fields good_parameters();

[[nodiscard]] std::string encode(const Fields& fields);

/// What a person's browser does with the login page: keeps its cookie, sends its form.
/// Lifetime: the application outlives it.
class SsoBrowser {
 public:
  explicit SsoBrowser(const mcdsl::http::Application& application) : application_(application) {}

  /// GET /sso/authorize.
  mcdsl::http::Response open(const Fields& parameters = good_parameters());

  /// Sends the form of the page that was shown last, with these fields filled in or replaced. `headers` go along.
  mcdsl::http::Response submit(const Fields& typed, const Fields& headers = {});

  mcdsl::http::Response log_in(std::string_view username, std::string_view password, std::string_view totp = {}) {
    return submit(
        {{"username", std::string(username)}, {"password", std::string(password)}, {"totp_code", std::string(totp)}});
  }

  [[nodiscard]] const Fields& form() const noexcept { return form_; }
  void forget_cookie() { cookie_.clear(); }

 private:
  [[nodiscard]] mcdsl::http::Response send(mcdsl::http::Method method, const std::string& target, const Fields& headers,
                                           const std::string& body) const;
  mcdsl::http::Response seen(mcdsl::http::Response response);

  const mcdsl::http::Application& application_;
  std::string cookie_;  // "name=value"; empty for none
  Fields form_;         // what the page's form holds
};

/// The parameters of the URL that a response redirects to; empty where it does not redirect to `callback`.
[[nodiscard]] Fields redirected(const mcdsl::http::Response& response, std::string_view callback = kCallback);

/// POST /v1/sso/token.
[[nodiscard]] mcdsl::http::Response redeem(const mcdsl::http::Application& application, std::string_view code,
                                           const Fields& changed = {});

}  // namespace mcias
