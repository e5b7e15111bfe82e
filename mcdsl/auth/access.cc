#include "mcdsl/auth/access.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"

namespace mcdsl::auth {
namespace {

constexpr std::size_t kMaxNameLength = 64;

bool is_name(std::string_view text) noexcept {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@";
  return !text.empty() && text.size() <= kMaxNameLength && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string checked_name(std::string name) {
  if (!is_name(name)) {
    throw Exception(Code::invalid_argument, "access rule: \"" + printable(name) + "\" is no name of a role or account");
  }
  return name;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

Access Access::open() {
  return Access({{Kind::open, ""}});
}

Access Access::authenticated() {
  return Access({{Kind::authenticated, ""}});
}

Access Access::user() {
  return Access({{Kind::user, ""}});
}

Access Access::admin() {
  return Access({{Kind::admin, ""}});
}

Access Access::system() {
  return Access({{Kind::system, ""}});
}

Access Access::role(std::string name) {
  return Access({{Kind::role, checked_name(std::move(name))}});
}

Access Access::account(std::string name) {
  return Access({{Kind::account, checked_name(std::move(name))}});
}

Access Access::any_of(const std::vector<Access>& rules) {
  std::vector<Rule> all;
  for (const Access& access : rules) {
    all.insert(all.end(), access.rules_.begin(), access.rules_.end());
  }
  return value_or_throw(combine(std::move(all)));
}

Result<Access> Access::parse(std::string_view text) {
  std::vector<Rule> rules;
  for (const auto part : std::views::split(text, '|')) {
    auto rule = parse_rule(trimmed(std::string_view(part)));
    if (!rule) {
      return fail(std::move(rule).error());
    }
    rules.push_back(*std::move(rule));
  }
  return combine(std::move(rules));
}

Result<Access> Access::combine(std::vector<Rule> rules) {
  if (rules.empty()) {
    return fail(Code::invalid_argument, "access rule: there is none, which would let nobody in");
  }
  if (rules.size() > 1 && std::ranges::find(rules, Kind::open, &Rule::kind) != rules.end()) {
    return fail(Code::invalid_argument, "access rule: \"open\" beside other rules would make them void");
  }
  return Access(std::move(rules));
}

// How a rule is written. A word that ends in ':' is followed by a name.
std::string_view Access::word(Kind kind) noexcept {
  switch (kind) {
    case Kind::open:
      return "open";
    case Kind::authenticated:
      return "authenticated";
    case Kind::user:
      return "user";
    case Kind::admin:
      return "admin";
    case Kind::system:
      return "system";
    case Kind::role:
      return "role:";
    case Kind::account:
      return "account:";
  }
  return "";
}

Result<Access::Rule> Access::parse_rule(std::string_view text) {
  for (const Kind kind : {Kind::open, Kind::authenticated, Kind::user, Kind::admin, Kind::system}) {
    if (text == word(kind)) {
      return Rule{kind, ""};
    }
  }
  for (const Kind kind : {Kind::role, Kind::account}) {
    if (text.starts_with(word(kind)) && is_name(text.substr(word(kind).size()))) {
      return Rule{kind, std::string(text.substr(word(kind).size()))};
    }
  }
  return fail(Code::invalid_argument,
              "access rule: \"" + printable(text) +
                  "\" is none of open, authenticated, user, admin, system, role:<name>, account:<name>");
}

std::string Access::to_string() const {
  std::string text;
  for (const Rule& rule : rules_) {
    text.append(text.empty() ? "" : " | ").append(word(rule.kind)).append(rule.name);
  }
  return text;
}

bool Access::is_open() const noexcept {
  return rules_.front().kind == Kind::open;
}

bool Access::Rule::admits(const Caller& caller) const noexcept {
  switch (kind) {
    case Kind::open:
    case Kind::authenticated:
      return true;
    case Kind::user:
      return caller.has_role(protocol::kUserRole) || caller.is_admin();
    case Kind::admin:
      return caller.is_admin();
    case Kind::system:
      return caller.account_type == AccountType::system;
    case Kind::role:
      return caller.has_role(name) || caller.is_admin();
    case Kind::account:
      return caller.account_type == AccountType::system && caller.username == name;
  }
  return false;
}

Result<void> Access::check(const Caller* caller) const {
  if (is_open()) {
    return {};
  }
  if (caller == nullptr) {
    return fail(Code::unauthenticated, "no token was given where access is for " + to_string());
  }
  if (!std::ranges::any_of(rules_, [&](const Rule& rule) { return rule.admits(*caller); })) {
    return fail(Code::permission_denied,
                "\"" + printable(caller->username) + "\" is refused where access is for " + to_string());
  }
  return {};
}

}  // namespace mcdsl::auth
