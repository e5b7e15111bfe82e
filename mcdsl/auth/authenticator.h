#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/config/standard.h"

namespace mcdsl::auth {

/// What a person types to log in.
struct Credentials {
  std::string username = {};
  Secret password = {};
  std::optional<Secret> totp_code = {};
};

/// What single sign-on brings back to a service (RFC 6749 §4.1.3, RFC 7636 §4.5).
struct AuthorizationCode {
  Secret code = {};
  Secret code_verifier = {};      ///< whose SHA-256 went along with the browser
  std::string client_id = {};     ///< as the identity service knows the service
  std::string redirect_uri = {};  ///< where the code came to, exactly as registered
};

/// What a successful login gives.
struct Session {
  Secret token;
  Clock::WallTime expires_at;
};

/// The client of MCIAS, the identity service: whose a token is, and logging in and out.
///
///     const auth::Authenticator authenticator(config.mcias, {.logger = logger});
///     const auto caller = authenticator.verify(token);
///     if (!caller) {
///       return fail(caller.error());  // unauthenticated or unavailable: never mixed up
///     }
///     if (const auto allowed = auth::Access::admin().check(caller->get()); !allowed) ...
///
/// An answer is remembered for 30 seconds at most and never past the token's expiry, a refusal for 5; tokens are kept
/// as SHA-256 digests only. However many requests bring one token at once, MCIAS is asked once. Malformed, expired and
/// forged tokens are refused without a call. Every call is bounded by `mcias.timeout`, the wait for a free connection
/// included.
///
/// Threads: all methods are safe from any thread; they may block for calls to MCIAS and say so by `about_to_block()`.
/// Errors: unavailable carries the whole cause (DNS, refused connection, timeout, the TLS check that failed and what
/// the certificate says, 5xx, an answer that makes no sense). No error and no log line holds a token or a password.
class Authenticator final : public TokenVerifier {
 public:
  struct Options {
    const Clock& clock = system_clock();  ///< must outlive the authenticator
    log::Logger logger = {};              ///< told when MCIAS stops and starts to answer
    std::size_t max_connections = 8;      ///< to MCIAS at once; more calls wait
  };

  /// Throws Exception (invalid_argument, not_found, permission_denied) for settings it cannot work with: a URL that is
  /// not https, a CA file that cannot be read. MCIAS itself may be away.
  Authenticator(const config::Mcias& settings, const Options& options);
  explicit Authenticator(const config::Mcias& settings);
  ~Authenticator() override;

  /// Errors: unauthenticated (wrong user name, password or code), permission_denied (MCIAS's policy keeps this account
  /// from this service), resource_exhausted (too many tries), unavailable.
  [[nodiscard]] Result<Session> login(const Credentials& credentials,
                                      std::chrono::nanoseconds patience = kNoLimit) const;

  /// The session that a code of single sign-on stands for; a code works once. Errors: unauthenticated (the code is
  /// spent, too old, for another service or another verifier), permission_denied (MCIAS's policy keeps this account
  /// from this service), resource_exhausted (too many tries), unavailable.
  [[nodiscard]] Result<Session> exchange(const AuthorizationCode& code,
                                         std::chrono::nanoseconds patience = kNoLimit) const;

  /// Revokes the token. It is refused here from now on, also where MCIAS cannot be told: for 5 seconds then. A token
  /// that MCIAS has refused already counts as logged out. Errors: unauthenticated (malformed), unavailable.
  [[nodiscard]] Result<void> logout(std::string_view token, std::chrono::nanoseconds patience = kNoLimit) const;

  /// A new token for an old one, which is revoked. Errors: unauthenticated, unavailable.
  [[nodiscard]] Result<Session> renew(std::string_view token, std::chrono::nanoseconds patience = kNoLimit) const;

  /// Whether MCIAS answers: for a health check. Errors: unavailable.
  [[nodiscard]] Result<void> ping() const;

  /// The same; what MCIAS takes the time to be, as the Date field of its answer says it (RFC 9110 §5.6.7), empty where
  /// it does not: for who looks for a clock that is wrong.
  [[nodiscard]] Result<std::string> date() const;

 private:
  class State;

  [[nodiscard]] Result<std::shared_ptr<const Caller>> find_caller(std::string_view token,
                                                                  std::chrono::nanoseconds patience) const override;

  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::auth
