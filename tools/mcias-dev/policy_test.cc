#include "tools/mcias-dev/policy.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcias {
namespace {

using testing::HasSubstr;

const Account kAlice{.username = "alice", .roles = {"admin", "user"}};
const Account kBob{.username = "bob", .roles = {"user"}};
const Account kGuest{.username = "guest", .roles = {"guest"}};

struct Case {
  std::string what;
  PolicyRule rule;
  Account account;
  std::string service;
  std::vector<std::string> tags;
  bool is_denied;
};

class PolicyTable : public testing::TestWithParam<Case> {};

TEST_P(PolicyTable, DeniesWhatTheRuleSays) {
  const Case& c = GetParam();
  EXPECT_EQ(Policy({c.rule}).denied_by(c.account, c.service, c.tags).has_value(), c.is_denied);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, PolicyTable,
    testing::Values(Case{"a role", {.roles = {"guest"}}, kGuest, "mcr", {}, true},
                    Case{"another role", {.roles = {"guest"}}, kBob, "mcr", {}, false},
                    Case{"any of the roles", {.roles = {"guest", "user"}}, kBob, "mcr", {}, true},
                    Case{"an account", {.accounts = {"bob"}}, kBob, "mcr", {}, true},
                    Case{"an account in capitals", {.accounts = {"BOB"}}, kBob, "mcr", {}, true},
                    Case{"another account", {.accounts = {"bob"}}, kGuest, "mcr", {}, false},
                    Case{"a service", {.services = {"mcr"}}, kBob, "mcr", {}, true},
                    Case{"another service", {.services = {"mcr"}}, kBob, "mcq", {}, false},
                    Case{"no service at all", {.services = {"mcr"}}, kBob, "", {}, false},
                    Case{"one of the tags", {.tags = {"prod", "lab"}}, kBob, "mcr", {"eu", "prod"}, true},
                    Case{"other tags", {.tags = {"prod"}}, kBob, "mcr", {"eu"}, false},
                    Case{"no tags", {.tags = {"prod"}}, kBob, "mcr", {}, false},
                    Case{"all conditions", {.roles = {"user"}, .services = {"mcr"}}, kBob, "mcr", {}, true},
                    Case{"one condition missed", {.roles = {"user"}, .services = {"mcr"}}, kBob, "mcq", {}, false},
                    Case{"an admin by name", {.accounts = {"alice"}}, kAlice, "mcr", {}, false},
                    Case{"an admin by the other role", {.roles = {"user"}}, kAlice, "mcr", {}, false}),
    [](const testing::TestParamInfo<Case>& test) {
      std::string name = test.param.what;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST(Policy, LetsEverybodyInWithoutARule) {
  EXPECT_EQ(Policy({}).denied_by(kGuest, "mcr", {"prod"}), std::nullopt);
}

TEST(Policy, NamesTheFirstRuleThatMatches) {
  const Policy policy(
      {{.name = "other", .accounts = {"nobody"}}, {.services = {"mcr"}}, {.name = "late", .tags = {"x"}}});
  EXPECT_EQ(policy.denied_by(kBob, "mcr", {"x"}), "policy 2");
  EXPECT_EQ(policy.denied_by(kBob, "mcq", {"x"}), "late");
}

std::string refusal(const PolicyRule& rule) {
  try {
    const Policy policy({{.accounts = {"fine"}}, rule});
  } catch (const mcdsl::Exception& problem) {
    return problem.what();
  }
  return "none";
}

TEST(Policy, RefusesRulesThatCanOnlyBeMistakes) {
  EXPECT_THAT(refusal({.name = "all"}), HasSubstr("[[policy]] 2: effect: the rule names no roles"));
  EXPECT_THAT(refusal({.roles = {"admin"}}), HasSubstr("roles: the role admin passes every rule"));
  EXPECT_THAT(refusal({.roles = {"gest"}}), HasSubstr("roles: there is no role \"gest\""));
  EXPECT_THAT(refusal({.accounts = {"a b"}}), HasSubstr("accounts: no account can have the name \"a b\""));
}

}  // namespace
}  // namespace mcias
