#include "tools/mcias-dev/policy.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"

namespace mcias {
namespace {

using mcdsl::auth::protocol::kAdminRole;

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a, [&](const std::string& text) { return has(b, text); });
}

bool matches(const PolicyRule& rule, const Account& account, std::string_view service_name,
             const std::vector<std::string>& tags) {
  return (rule.roles.empty() || have_one_in_common(rule.roles, account.roles)) &&
         (rule.accounts.empty() || has(rule.accounts, account.username)) &&
         (rule.services.empty() || has(rule.services, service_name)) &&
         (rule.tags.empty() || have_one_in_common(rule.tags, tags));
}

// Gives the rule a name and its accounts their canonical form.
void complete(PolicyRule& rule, std::size_t number) {
  if (const auto mistake = rule.mistake()) {
    throw mcdsl::Exception(mcdsl::Code::invalid_argument, "[[policy]] " + std::to_string(number) + ": " +
                                                              std::string(mistake->key) + ": " + mistake->what);
  }
  if (rule.name.empty()) {
    rule.name = "policy " + std::to_string(number);
  }
  for (auto& account : rule.accounts) {
    account = canonical_username(account).value();
  }
}

}  // namespace

std::optional<PolicyRule::Mistake> PolicyRule::mistake() const {
  if (roles.empty() && accounts.empty() && services.empty() && tags.empty()) {
    return Mistake{"effect", "the rule names no roles, accounts, services or tags: it would keep everybody out"};
  }
  for (const auto& role : roles) {
    if (role == kAdminRole) {
      return Mistake{"roles", "the role admin passes every rule"};
    }
    if (!is_role(role)) {
      return Mistake{"roles", "there is no role \"" + mcdsl::printable(role) + "\""};
    }
  }
  for (const auto& account : accounts) {
    if (!canonical_username(account)) {
      return Mistake{"accounts", "no account can have the name \"" + mcdsl::printable(account) + "\""};
    }
  }
  return std::nullopt;
}

Policy::Policy(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    complete(rules_[i], i + 1);
  }
}

std::optional<std::string_view> Policy::denied_by(const Account& account, std::string_view service_name,
                                                  const std::vector<std::string>& tags) const {
  if (has(account.roles, kAdminRole)) {
    return std::nullopt;
  }
  const auto rule = std::ranges::find_if(
      rules_, [&](const PolicyRule& candidate) { return matches(candidate, account, service_name, tags); });
  return rule == rules_.end() ? std::nullopt : std::optional<std::string_view>(rule->name);
}

}  // namespace mcias
