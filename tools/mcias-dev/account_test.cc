#include "tools/mcias-dev/account.h"

#include <gtest/gtest.h>

namespace mcias {
namespace {

using mcdsl::auth::AccountType;

TEST(CanonicalUsername, TakesUpperCaseAsLowerCase) {
  EXPECT_EQ(canonical_username("Alice.B-c_1@example"), "alice.b-c_1@example");
  EXPECT_EQ(canonical_username("0"), "0");
  EXPECT_EQ(canonical_username(std::string(64, 'a')), std::string(64, 'a'));
}

TEST(CanonicalUsername, RefusesWhatIsNoName) {
  for (const std::string& text : {std::string(), std::string(65, 'a'), std::string(1'000'000, 'a'), std::string("a b"),
                                  std::string(".a"), std::string("-a"), std::string("@a"), std::string("a\n"),
                                  std::string("a\0b", 3), std::string("ä"), std::string("a/b")}) {
    EXPECT_FALSE(canonical_username(text)) << text.substr(0, 70);
  }
}

TEST(CanonicalUsername, QuotesNothing) {
  const auto refused = canonical_username("my secret password");
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().to_string().contains("secret"));
}

TEST(CheckRoles, KnowsWhatAHumanMayBear) {
  EXPECT_TRUE(check_roles(AccountType::human, {"admin"}));
  EXPECT_TRUE(check_roles(AccountType::human, {"guest", "user", "admin"}));
  EXPECT_FALSE(check_roles(AccountType::human, {}));
  EXPECT_FALSE(check_roles(AccountType::human, {"root"}));
  EXPECT_FALSE(check_roles(AccountType::human, {"Admin"}));
  EXPECT_FALSE(check_roles(AccountType::human, {"user", "user"}));
}

TEST(CheckRoles, LeavesSystemAccountsWithoutRoles) {
  EXPECT_TRUE(check_roles(AccountType::system, {}));
  EXPECT_FALSE(check_roles(AccountType::system, {"user"}));
}

}  // namespace
}  // namespace mcias
