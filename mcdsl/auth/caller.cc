#include "mcdsl/auth/caller.h"

#include <algorithm>

#include "mcdsl/auth/protocol.h"

namespace mcdsl::auth {

std::string_view name(AccountType type) noexcept {
  return type == AccountType::system ? protocol::kSystemAccount : protocol::kHumanAccount;
}

std::optional<AccountType> parse_account_type(std::string_view text) noexcept {
  if (text == protocol::kHumanAccount) {
    return AccountType::human;
  }
  if (text == protocol::kSystemAccount) {
    return AccountType::system;
  }
  return std::nullopt;
}

bool Caller::has_role(std::string_view role) const noexcept {
  return std::ranges::find(roles, role) != roles.end();
}

bool Caller::is_admin() const noexcept {
  return has_role(protocol::kAdminRole);
}

}  // namespace mcdsl::auth
