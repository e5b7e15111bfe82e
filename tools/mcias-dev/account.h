#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"

namespace mcias {

/// An account as it is stored.
struct Account {
  std::string id = {};        ///< a UUID: the subject of its tokens
  std::string username = {};  ///< in canonical form
  mcdsl::auth::AccountType type = mcdsl::auth::AccountType::human;
  std::vector<std::string> roles = {};
  std::string password_hash = {};  ///< Argon2id, encoded; empty for a system account, which has no password
  bool disabled = false;
  mcdsl::Clock::WallTime created_at = {};
  std::int64_t revision = 0;  ///< counts the changes of password, roles and state

  friend bool operator==(const Account&, const Account&) = default;
};

/// The one form of a user name: 1 to 64 characters of `a-z 0-9 . _ - @`, the first a letter or digit. Upper-case ASCII
/// letters are taken as their lower-case ones, so "Alice" and "alice" are one account.
/// Errors: invalid_argument, not quoting the text: people type passwords into the wrong field.
[[nodiscard]] mcdsl::Result<std::string> canonical_username(std::string_view text);

/// Whether these are roles that an account of this type may bear: `admin`, `user`, `guest`, at least one and none twice
/// for a human; none for a system account. Errors: invalid_argument.
[[nodiscard]] mcdsl::Result<void> check_roles(mcdsl::auth::AccountType type, const std::vector<std::string>& roles);

/// Whether the identity protocol knows this role.
[[nodiscard]] bool is_role(std::string_view text) noexcept;

}  // namespace mcias
