#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/db/database.h"
#include "tools/mcias-dev/account.h"

namespace mcias {

[[nodiscard]] std::span<const mcdsl::db::Migration> migrations();

/// What is kept of a token that was issued: never the token itself.
struct TokenRecord {
  std::string id;  ///< its `jti`
  mcdsl::Clock::WallTime expires_at;
};

/// The second factor of an account.
struct Totp {
  mcdsl::Secret secret;
  std::int64_t last_step = 0;  ///< the step of the code that was used last: neither it nor one before is good again
};

/// Accounts, and the tokens that are alive. A token is alive while its record stands, so revoking one is deleting its
/// record; changing the password, roles, second factor or state of an account deletes all of its records in the same
/// transaction.
///
/// Threads: safe from any thread, and from several processes on one database. Lifetime: database and clock outlive it.
/// Errors: what db::Database throws, and reports for writes, beside those named.
class Store {
 public:
  Store(const mcdsl::db::Database& database, const mcdsl::Clock& clock) : database_(database), clock_(clock) {}

  /// Names are canonical throughout.
  [[nodiscard]] std::optional<Account> find(std::string_view username) const;

  /// All accounts, by name.
  [[nodiscard]] std::vector<Account> list() const;

  /// Errors: already_exists.
  [[nodiscard]] mcdsl::Result<void> add(const Account& account) const;

  /// Errors: not_found; failed_precondition for a password of a system account; invalid_argument for roles that the
  /// account may not bear.
  [[nodiscard]] mcdsl::Result<void> set_password(std::string_view username, std::string_view password_hash) const;
  [[nodiscard]] mcdsl::Result<void> set_roles(std::string_view username, const std::vector<std::string>& roles) const;
  [[nodiscard]] mcdsl::Result<void> set_disabled(std::string_view username, bool disabled) const;

  /// The second factor; nullopt where the account has none, and for an id that no account has.
  [[nodiscard]] std::optional<Totp> totp_of(std::string_view account_id) const;

  /// Errors: not_found; failed_precondition for a system account, and for removing what is not there.
  [[nodiscard]] mcdsl::Result<void> set_totp(std::string_view username, const Totp& totp) const;
  [[nodiscard]] mcdsl::Result<void> remove_totp(std::string_view username) const;

  /// Uses the code of a step up. False where it, or a later one, was used before: of two that come at once one wins.
  [[nodiscard]] mcdsl::Result<bool> use_totp_step(std::string_view account_id, std::int64_t step) const;

  /// Makes a token of the account alive. Errors: aborted where the account is no longer as it was read: what was proven
  /// about it may not hold any more.
  [[nodiscard]] mcdsl::Result<void> add_token(const Account& account, const TokenRecord& token) const;

  /// Whose token this is; nullopt for one that is revoked or expired, or whose account is disabled.
  [[nodiscard]] std::optional<Account> owner_of(std::string_view token_id) const;

  /// Puts a token in the place of another of the same account, in one transaction. False where the old one is not
  /// alive; nothing has changed then.
  [[nodiscard]] mcdsl::Result<bool> replace_token(std::string_view old_id, const TokenRecord& token) const;

  /// False where it was not alive.
  [[nodiscard]] mcdsl::Result<bool> revoke(std::string_view token_id) const;

 private:
  const mcdsl::db::Database& database_;
  const mcdsl::Clock& clock_;
};

}  // namespace mcias
