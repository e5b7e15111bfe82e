#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/http/form.h"
#include "tools/mcias-dev/config.h"
#include "tools/mcias-dev/identity.h"
#include "tools/mcias-dev/sso_codes.h"
#include "tools/mcias-dev/store.h"

namespace mcias {

/// Who a browser is to log in for: a request to `/sso/authorize` that was found good.
struct SsoRequest {
  const SsoClient* client;  ///< in the Sso
  std::string redirect_uri;
  std::string state;
  std::string code_challenge;
};

/// What a person types on the login page.
struct SsoCredentials {
  std::string username;
  mcdsl::Secret password;
  mcdsl::Secret totp_code;  ///< empty where none was typed
};

/// Single sign-on without its pages: the authorization code flow (RFC 6749 §4.1) with PKCE (RFC 7636), S256 alone.
/// Threads: safe from any thread. Lifetime: all that the constructor takes outlives it.
class Sso {
 public:
  Sso(const Config& config, const Store& store, const SsoCodes& codes, Identity& identity, mcdsl::log::Logger logger);

  /// The request that query or form spell out. Errors: invalid_argument, for the person to read; the browser must not
  /// be sent anywhere then.
  [[nodiscard]] mcdsl::Result<SsoRequest> check(const mcdsl::http::Form& parameters) const;

  /// Logs in and gives the URL that the browser goes back to, with a code: a secret. Errors: those of Identity::login.
  [[nodiscard]] std::expected<mcdsl::Secret, LoginRefusal> log_in(const SsoRequest& request,
                                                                  const SsoCredentials& credentials,
                                                                  std::string_view client_address) const;

  /// The session for a code, which is used up by the attempt. Errors: unauthenticated for a code that is unknown, used,
  /// too old, of another client or redirect URI, or not of this verifier; permission_denied by policy; aborted where
  /// the account was changed since.
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> redeem(const mcdsl::auth::AuthorizationCode& code) const;

 private:
  const std::vector<SsoClient> clients_;
  const Store& store_;
  const SsoCodes& codes_;
  Identity& identity_;
  const mcdsl::log::Logger logger_;
};

}  // namespace mcias
