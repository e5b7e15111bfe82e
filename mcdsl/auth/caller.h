#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"

namespace mcdsl::auth {

enum class AccountType : std::uint8_t {
  human,   ///< a person; governed by roles
  system,  ///< a service; carries no role, and is authorized by its name
};

/// "human", "system".
[[nodiscard]] std::string_view name(AccountType type) noexcept;

/// nullopt for any other word.
[[nodiscard]] std::optional<AccountType> parse_account_type(std::string_view text) noexcept;

/// Who sent a request, as the identity service vouches for it.
struct Caller {
  std::string subject = {};  ///< the account's UUID: never reused, the key to store
  std::string username = {};
  AccountType account_type = AccountType::human;
  std::vector<std::string> roles = {};
  Clock::WallTime expires_at = {};  ///< when the token ends

  [[nodiscard]] bool has_role(std::string_view role) const noexcept;

  /// Whether the identity service gave the role `admin`. Nothing else makes an administrator.
  [[nodiscard]] bool is_admin() const noexcept;
};

}  // namespace mcdsl::auth
