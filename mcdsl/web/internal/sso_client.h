#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/http/cookie.h"
#include "mcdsl/http/request.h"
#include "mcdsl/web/internal/sealer.h"

namespace mcdsl::web::internal {

/// The service's side of single sign-on: an authorization code (RFC 6749 §4.1) with PKCE (RFC 7636) and a state that is
/// good once, for ten minutes, in the browser that it was made for: a cookie of that browser holds it, sealed, with the
/// verifier. Each login has a cookie of its own, so tabs do not disturb each other.
///
/// States that were used are remembered by this process alone; another replica is left to the code, which the identity
/// service takes once.
/// Threads: const methods are safe from any. Lifetime: keys and clock outlive it.
class SsoClient {
 public:
  struct Settings {
    std::string authorize_url;  ///< of the identity service
    std::string client_id;
    std::string redirect_uri;
    std::string cookie_prefix;  ///< "__Host-notes_sso_"
  };

  SsoClient(Settings settings, const csrf::KeyFile& keys, const Clock& clock);

  struct Begin {
    std::string location;             ///< where the browser goes to log in
    http::Cookie cookie;              ///< what it has to come back with
    std::vector<std::string> excess;  ///< cookies of logins that were never finished, too many to be kept
  };
  [[nodiscard]] Begin begin(const http::Headers& headers, std::string_view return_to) const;

  struct Finish {
    auth::AuthorizationCode code;
    std::string return_to;
    std::string cookie_name;  ///< to be expired
  };
  /// What a browser that comes back brings. Errors: failed_precondition, with a public text for the person, where the
  /// state is missing, unknown to this browser, too old or used; permission_denied where the identity service says that
  /// it let nobody in.
  [[nodiscard]] Result<Finish> finish(const http::Request& request) const;

 private:
  [[nodiscard]] std::string cookie_name(std::string_view state) const;
  [[nodiscard]] bool use(const std::string& name, Clock::WallTime until) const;

  Settings settings_;
  Sealer sealer_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Clock::WallTime> used_;  // by cookie name, until when the state would be good
};

}  // namespace mcdsl::web::internal
