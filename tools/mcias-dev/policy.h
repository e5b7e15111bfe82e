#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/config/standard.h"
#include "tools/mcias-dev/account.h"

namespace mcias {

enum class Effect : std::uint8_t { deny };

/// A `[[policy]]` table: logins it keeps out. It matches a login that meets every list that is not empty, and a list is
/// met by any of its elements.
///
///     [[policy]]
///     name = "guests stay out of the registry"
///     effect = "deny"
///     roles = ["guest"]
///     services = ["mcr"]
struct PolicyRule {
  std::string name = {};  ///< for the log
  Effect effect = Effect::deny;
  std::vector<std::string> roles = {};
  std::vector<std::string> accounts = {};
  std::vector<std::string> services = {};
  std::vector<std::string> tags = {};

  void bind(mcdsl::config::Binder& b);

  struct Mistake {
    std::string_view key;
    std::string what;
  };
  /// What makes a rule that nobody can mean: no condition at all, a role that does not exist or passes every rule, a
  /// name that no account can have.
  [[nodiscard]] std::optional<Mistake> mistake() const;
};

/// Who may log in where: everybody everywhere, but for the rules. Administrators pass every rule (MCIAS.md: "policy
/// bypass").
class Policy {
 public:
  /// Throws Exception (invalid_argument) naming the rule that has a mistake.
  explicit Policy(std::vector<PolicyRule> rules);

  /// The name of the first rule that keeps this login out; nullopt where none does.
  [[nodiscard]] std::optional<std::string_view> denied_by(const Account& account, std::string_view service_name,
                                                          const std::vector<std::string>& tags) const;

 private:
  std::vector<PolicyRule> rules_;
};

}  // namespace mcias
