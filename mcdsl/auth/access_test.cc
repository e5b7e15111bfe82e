#include "mcdsl/auth/access.h"

#include <gtest/gtest.h>

namespace mcdsl::auth {
namespace {

Caller human(std::vector<std::string> roles) {
  return {.subject = "1", .username = "alice", .account_type = AccountType::human, .roles = std::move(roles)};
}

Caller system_account(std::string name) {
  return {.subject = "2", .username = std::move(name), .account_type = AccountType::system};
}

bool admits(const Access& access, const Caller& caller) {
  const auto result = access.check(&caller);
  EXPECT_TRUE(result || result.error().code() == Code::permission_denied);
  return result.has_value();
}

TEST(Caller, IsAnAdministratorByTheRoleAlone) {
  EXPECT_TRUE(human({"user", "admin"}).is_admin());
  EXPECT_FALSE(human({"administrator", "Admin", ""}).is_admin());
  EXPECT_FALSE(system_account("admin").is_admin());
}

TEST(AccountType, ReadsTheNamesItPrints) {
  for (const auto type : {AccountType::human, AccountType::system}) {
    EXPECT_EQ(parse_account_type(name(type)), type);
  }
  EXPECT_EQ(parse_account_type("Human"), std::nullopt);
  EXPECT_EQ(parse_account_type(""), std::nullopt);
}

// One row per rule: who is let in of a guest, a user, an admin, an editor, the system account mcp, a human mcp and any
// other system account.
struct AccessRow {
  const char* text;
  bool guest, user, admin, editor, system_mcp, human_mcp;
  bool other_system = false;
};

class AccessTable : public ::testing::TestWithParam<AccessRow> {};

TEST_P(AccessTable, LetsInWhomTheRuleNames) {
  const auto& row = GetParam();
  const Access access = value_or_throw(Access::parse(row.text));
  Caller human_mcp = human({});
  human_mcp.username = "mcp";
  EXPECT_EQ(admits(access, human({"guest"})), row.guest);
  EXPECT_EQ(admits(access, human({"user"})), row.user);
  EXPECT_EQ(admits(access, human({"admin"})), row.admin);
  EXPECT_EQ(admits(access, human({"editor"})), row.editor);
  EXPECT_EQ(admits(access, system_account("mcp")), row.system_mcp);
  EXPECT_EQ(admits(access, human_mcp), row.human_mcp);
  EXPECT_EQ(admits(access, system_account("other")), row.other_system);
}

TEST_P(AccessTable, IsWrittenAsItIsRead) {
  EXPECT_EQ(value_or_throw(Access::parse(GetParam().text)).to_string(), GetParam().text);
}

TEST_P(AccessTable, AsksForATokenUnlessOpen) {
  const Access access = value_or_throw(Access::parse(GetParam().text));
  const auto result = access.check(nullptr);
  EXPECT_EQ(result.has_value(), access.is_open());
  EXPECT_EQ(access.is_open(), GetParam().text == std::string("open"));
  if (!result) {
    EXPECT_EQ(result.error().code(), Code::unauthenticated);
  }
}

INSTANTIATE_TEST_SUITE_P(OfRules, AccessTable,
                         ::testing::Values(  //       guest  user  admin  editor system human
                             AccessRow{"open", true, true, true, true, true, true, true},
                             AccessRow{"authenticated", true, true, true, true, true, true, true},
                             AccessRow{"user", false, true, true, false, false, false},
                             AccessRow{"admin", false, false, true, false, false, false},
                             AccessRow{"system", false, false, false, false, true, false, true},
                             AccessRow{"role:editor", false, false, true, true, false, false},
                             AccessRow{"role:guest", true, false, true, false, false, false},
                             AccessRow{"account:mcp", false, false, false, false, true, false},
                             AccessRow{"admin | account:mcp", false, false, true, false, true, false},
                             AccessRow{"role:editor | user", false, true, true, true, false, false}));

TEST(Access, IsMadeInCodeAsItIsRead) {
  EXPECT_EQ(Access::open(), value_or_throw(Access::parse("open")));
  EXPECT_EQ(Access::authenticated(), value_or_throw(Access::parse("authenticated")));
  EXPECT_EQ(Access::user(), value_or_throw(Access::parse(" user ")));
  EXPECT_EQ(Access::any_of({Access::admin(), Access::any_of({Access::role("a.b-c_d@e"), Access::account("mcp")})}),
            value_or_throw(Access::parse("admin|role:a.b-c_d@e|account:mcp")));
}

TEST(Access, RefusesTextsThatAreNoRules) {
  for (const std::string text : {"", " ", "Admin", "admin|", "|admin", "role:", "account:", "role: x", "role:a b",
                                 "all", "admin user", "role:a|b c", "open | admin", "admin | open", "role:\n"}) {
    const auto access = Access::parse(text);
    ASSERT_FALSE(access) << text;
    EXPECT_EQ(access.error().code(), Code::invalid_argument) << text;
  }
  EXPECT_FALSE(Access::parse("role:" + std::string(65, 'x')));
  EXPECT_TRUE(Access::parse("role:" + std::string(64, 'x')));
}

TEST(Access, NamesThePartThatIsNoRule) {
  EXPECT_EQ(Access::parse("admin | amdin").error().message(),
            "access rule: \"amdin\" is none of open, authenticated, user, admin, system, role:<name>, account:<name>");
}

TEST(Access, RefusesRulesInCodeThatWouldNotMeanWhatTheySay) {
  EXPECT_THROW((void)Access::role(""), Exception);
  EXPECT_THROW((void)Access::account("a|b"), Exception);
  EXPECT_THROW((void)Access::any_of({}), Exception);
  EXPECT_THROW((void)Access::any_of({Access::admin(), Access::open()}), Exception);
}

TEST(Access, TellsTheOperatorWhoWasRefusedAndTheClientNothing) {
  const Caller caller = human({"user"});
  const auto result = Access::admin().check(&caller);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "\"alice\" is refused where access is for admin");
  EXPECT_EQ(result.error().public_text(), "not allowed");
}

}  // namespace
}  // namespace mcdsl::auth
