#include "tools/mcias-dev/account.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::fail_visible;
using mcdsl::Result;

constexpr std::size_t kMaxUsername = 64;
constexpr std::array kRoles{mcdsl::auth::protocol::kAdminRole, mcdsl::auth::protocol::kUserRole,
                            mcdsl::auth::protocol::kGuestRole};

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name_character(char c) noexcept {
  return is_letter_or_digit(c) || std::string_view("._-@").contains(c);
}

}  // namespace

Result<std::string> canonical_username(std::string_view text) {
  std::string name(text.substr(0, kMaxUsername + 1));
  std::ranges::transform(name, name.begin(), to_lower);
  if (name.empty() || name.size() > kMaxUsername || !is_letter_or_digit(name.front()) ||
      !std::ranges::all_of(name, is_name_character)) {
    return fail_visible(Code::invalid_argument,
                        "a user name is 1 to 64 letters, digits and \"._-@\", and starts with a letter or digit");
  }
  return name;
}

bool is_role(std::string_view text) noexcept {
  return std::ranges::find(kRoles, text) != kRoles.end();
}

Result<void> check_roles(mcdsl::auth::AccountType type, const std::vector<std::string>& roles) {
  if (type == mcdsl::auth::AccountType::system) {
    return roles.empty() ? Result<void>()
                         : fail_visible(Code::invalid_argument,
                                        "a system account carries no role: services authorize it by its name");
  }
  if (roles.empty()) {
    return fail_visible(Code::invalid_argument, "a human account needs a role: admin, user or guest");
  }
  for (auto role = roles.begin(); role != roles.end(); ++role) {
    if (!is_role(*role)) {
      return fail_visible(Code::invalid_argument,
                          "there is no role \"" + mcdsl::printable(*role, kMaxUsername) + "\": admin, user or guest");
    }
    if (std::find(roles.begin(), role, *role) != role) {
      return fail_visible(Code::invalid_argument, "the role " + *role + " is given twice");
    }
  }
  return {};
}

}  // namespace mcias
