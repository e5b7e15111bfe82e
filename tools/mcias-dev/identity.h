#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/auth/server_messages.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "tools/mcias-dev/account.h"
#include "tools/mcias-dev/config.h"
#include "tools/mcias-dev/login_limiter.h"
#include "tools/mcias-dev/password_hasher.h"
#include "tools/mcias-dev/policy.h"
#include "tools/mcias-dev/signing_key.h"
#include "tools/mcias-dev/store.h"

namespace mcias {

/// Why a login gave no session.
struct LoginRefusal {
  mcdsl::Error error;
  std::optional<std::chrono::nanoseconds> wait{};  ///< until another try makes sense, after too many failures
};

/// What the identity service does, without HTTP: logs accounts in and out, issues, renews, checks and revokes tokens.
///
/// Every method tells a client no more than it must: a wrong password, a wrong or missing one-time code, an unknown
/// name and a disabled account look and cost the same. The log tells the operator which it was, and names the account
/// if there is one. Threads: safe from any thread. Lifetime: store and clock outlive it.
class Identity {
 public:
  /// Throws Exception for settings that make no sense and for a signing key it cannot use.
  Identity(const Config& config, const Store& store, mcdsl::log::Logger logger = {},
           const mcdsl::Clock& clock = mcdsl::system_clock());

  /// Errors: unauthenticated (wrong name, password or one-time code), permission_denied (a policy rule),
  /// resource_exhausted (too many failures of this name or address), unavailable (too many logins at once), aborted
  /// (the account was changed while it logged in).
  [[nodiscard]] std::expected<mcdsl::auth::Session, LoginRefusal> login(const mcdsl::auth::LoginRequest& request,
                                                                        std::string_view client_address);

  /// The account of a login that succeeds, and nothing more: what `login` checks, with its errors.
  [[nodiscard]] std::expected<Account, LoginRefusal> admit(const mcdsl::auth::LoginRequest& request,
                                                           std::string_view client_address);

  /// A session of an account that was admitted. Errors: aborted where it was changed since; permission_denied where the
  /// policy now keeps it from the service.
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> open_session(const Account& account, std::string_view service_name,
                                                                 const std::vector<std::string>& tags = {}) const;

  /// Revokes the token. Errors: unauthenticated for one that is not valid.
  [[nodiscard]] mcdsl::Result<void> logout(std::string_view token) const;

  /// A new token with the account's present roles; the old one is revoked. Errors: unauthenticated.
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> renew(std::string_view token) const;

  /// Whose token it is. Errors: unauthenticated.
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Caller> validate(std::string_view token) const;

  /// A long-lived token for a system account. Errors: not_found, failed_precondition (a human or disabled account).
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> issue_system_token(std::string_view username) const;

  [[nodiscard]] const mcdsl::auth::Jwk& public_key() const noexcept { return key_.jwk(); }
  [[nodiscard]] const PasswordHasher& hasher() const noexcept { return hasher_; }

 private:
  struct Issued {
    TokenRecord record;
    mcdsl::auth::Session session;
  };

  [[nodiscard]] std::expected<Account, LoginRefusal> authenticate(const mcdsl::auth::LoginRequest& request,
                                                                  std::string_view client_address);
  [[nodiscard]] mcdsl::Result<std::optional<Account>> check_credentials(const std::optional<std::string>& username,
                                                                        const mcdsl::auth::LoginRequest& request,
                                                                        const PasswordHasher::Turn& turn);
  [[nodiscard]] mcdsl::Result<bool> check_second_factor(std::string_view account_id, std::string_view code,
                                                        bool use_up) const;
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> store_session(const Account& account) const;
  [[nodiscard]] std::optional<mcdsl::Error> refused_by_policy(const Account& account, std::string_view service_name,
                                                              const std::vector<std::string>& tags) const;
  [[nodiscard]] Issued issue(const Account& account) const;
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Claims> check_signature_and_expiry(std::string_view token) const;

  const Store& store_;
  const mcdsl::log::Logger logger_;
  const mcdsl::Clock& clock_;
  const std::string issuer_;
  const std::chrono::nanoseconds token_lifetime_;
  const std::chrono::nanoseconds system_token_lifetime_;
  const SigningKey key_;
  const Policy policy_;
  PasswordHasher hasher_;
  LoginLimiter limiter_;
  const mcdsl::Secret decoy_totp_secret_;  // of accounts that have none: their codes cost the same
};

}  // namespace mcias
