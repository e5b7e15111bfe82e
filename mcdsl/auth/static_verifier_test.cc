#include "mcdsl/auth/static_verifier.h"

#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth {
namespace {

TEST(StaticVerifier, KnowsItsTokensAndNoOthers) {
  const StaticVerifier verifier({{"let-me-in", {.subject = "1", .username = "alice", .roles = {"admin"}}}});
  const auto caller = verifier.verify("let-me-in");
  ASSERT_TRUE(caller);
  EXPECT_EQ((*caller)->username, "alice");
  EXPECT_TRUE((*caller)->is_admin());
  for (const auto* token : {"", "let-me-i", "let-me-in ", "LET-ME-IN"}) {
    const auto refused = verifier.verify(token);
    ASSERT_FALSE(refused) << token;
    EXPECT_EQ(refused.error().code(), Code::unauthenticated);
  }
}

TEST(StaticVerifier, RefusesACallerWhoseTimeIsOver) {
  testing::ManualClock clock;
  const StaticVerifier verifier(
      {{"short", {.username = "alice", .expires_at = clock.now() + std::chrono::seconds(1)}}, {"for-ever", {}}}, clock);
  EXPECT_TRUE(verifier.verify("short"));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(verifier.verify("short"));
  EXPECT_TRUE(verifier.verify("for-ever"));
}

}  // namespace
}  // namespace mcdsl::auth
