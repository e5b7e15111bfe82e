#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/result.h"

namespace mcdsl::auth {

/// Who may call something: one rule type for REST routes and gRPC methods. There is no default rule, so none is
/// forgotten.
///
/// As text, for configuration and the `routes` command:
///
///     open                     everybody, without a token
///     authenticated            every valid token, guests and system accounts too
///     user                     the role `user` or `admin`
///     admin                    the role `admin`
///     system                   every system account
///     role:editor              that role, or `admin`: administrators have full access
///     account:mcp              the system account of that name
///     admin | account:mcp      any of several
class Access {
 public:
  [[nodiscard]] static Access open();
  [[nodiscard]] static Access authenticated();
  [[nodiscard]] static Access user();
  [[nodiscard]] static Access admin();
  [[nodiscard]] static Access system();

  /// Names are 1 to 64 characters of `A-Z a-z 0-9 . _ - @`; throws Exception (invalid_argument) for any other.
  [[nodiscard]] static Access role(std::string name);
  /// A human who bears the same name is not meant: humans are governed by roles.
  [[nodiscard]] static Access account(std::string name);

  /// Whoever one of the rules lets in. Throws Exception (invalid_argument) for no rule, and for `open` beside another
  /// rule, which would make that one void.
  [[nodiscard]] static Access any_of(const std::vector<Access>& rules);

  /// Errors: invalid_argument, naming the part that is no rule.
  [[nodiscard]] static Result<Access> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  /// Whether a request needs no token at all.
  [[nodiscard]] bool is_open() const noexcept;

  /// Errors: unauthenticated when a caller is needed and `caller` is null, permission_denied when the rule says no.
  [[nodiscard]] Result<void> check(const Caller* caller) const;

  friend bool operator==(const Access&, const Access&) = default;

 private:
  enum class Kind : std::uint8_t { open, authenticated, user, admin, system, role, account };
  struct Rule {
    Kind kind;
    std::string name;  ///< of the role or account

    [[nodiscard]] bool admits(const Caller& caller) const noexcept;
    friend bool operator==(const Rule&, const Rule&) = default;
  };

  explicit Access(std::vector<Rule> rules) : rules_(std::move(rules)) {}
  [[nodiscard]] static std::string_view word(Kind kind) noexcept;
  [[nodiscard]] static Result<Rule> parse_rule(std::string_view text);
  [[nodiscard]] static Result<Access> combine(std::vector<Rule> rules);

  std::vector<Rule> rules_;
};

}  // namespace mcdsl::auth
