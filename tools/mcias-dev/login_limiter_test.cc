#include "tools/mcias-dev/login_limiter.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"

namespace mcias {
namespace {

using namespace std::chrono_literals;
using mcdsl::testing::ManualClock;

TEST(FailureWindow, LetsFailUpToTheLimitOnly) {
  const ManualClock clock;
  FailureWindow window({.failures = 3, .window = 60s}, clock);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(window.wait("k"), std::nullopt);
    window.record("k");
  }
  EXPECT_EQ(window.wait("k"), 60s);
  EXPECT_EQ(window.wait("another"), std::nullopt);
}

TEST(FailureWindow, SlidesSoThatEachFailureCountsForOneWindow) {
  ManualClock clock;
  FailureWindow window({.failures = 2, .window = 60s}, clock);
  window.record("k");
  clock.advance(40s);
  window.record("k");
  EXPECT_EQ(window.wait("k"), 20s);
  clock.advance(20s);
  EXPECT_EQ(window.wait("k"), std::nullopt);
  window.record("k");
  EXPECT_EQ(window.wait("k"), 40s) << "the failure at 40 s and this one";
}

TEST(FailureWindow, ForgetsAKeyOnDemand) {
  const ManualClock clock;
  FailureWindow window({.failures = 1, .window = 60s}, clock);
  window.record("k");
  window.forget("k");
  window.forget("never seen");
  EXPECT_EQ(window.wait("k"), std::nullopt);
}

TEST(FailureWindow, RemembersNoMoreKeysThanItMay) {
  const ManualClock clock;
  FailureWindow window({.failures = 1, .window = 60s, .max_keys = 2}, clock);
  window.record("a");
  window.record("b");
  window.record("a");
  window.record("c");
  EXPECT_TRUE(window.wait("a"));
  EXPECT_EQ(window.wait("b"), std::nullopt) << "failed least recently";
  EXPECT_TRUE(window.wait("c"));
}

TEST(LoginLimiter, CountsNamesAndAddressesApart) {
  const ManualClock clock;
  LoginLimiter limiter({.failures = 2, .window = 60s}, {.failures = 3, .window = 90s}, clock);
  limiter.failed("alice", "192.0.2.1");
  limiter.failed("alice", "192.0.2.2");
  EXPECT_EQ(limiter.wait("alice", "192.0.2.3"), 60s) << "a name is limited wherever it is tried from";
  EXPECT_EQ(limiter.wait("bob", "192.0.2.1"), std::nullopt);
  limiter.failed("bob", "192.0.2.1");
  limiter.failed("carol", "192.0.2.1");
  EXPECT_EQ(limiter.wait("dave", "192.0.2.1"), 90s) << "an address is limited whatever name it tries";
}

TEST(LoginLimiter, GivesTheLongerWait) {
  const ManualClock clock;
  LoginLimiter limiter({.failures = 1, .window = 60s}, {.failures = 1, .window = 90s}, clock);
  limiter.failed("alice", "192.0.2.1");
  EXPECT_EQ(limiter.wait("alice", "192.0.2.1"), 90s);
  EXPECT_EQ(limiter.wait("alice", "192.0.2.2"), 60s);
}

TEST(LoginLimiter, ForgivesTheNameButNotTheAddressOnSuccess) {
  const ManualClock clock;
  LoginLimiter limiter({.failures = 1, .window = 60s}, {.failures = 1, .window = 60s}, clock);
  limiter.failed("alice", "192.0.2.1");
  limiter.succeeded("alice");
  EXPECT_EQ(limiter.wait("alice", "192.0.2.2"), std::nullopt);
  EXPECT_TRUE(limiter.wait("alice", "192.0.2.1"));
}

TEST(LoginLimiter, TakesAnIpv6NetworkAsOneAddress) {
  const ManualClock clock;
  LoginLimiter limiter({.failures = 5, .window = 60s}, {.failures = 1, .window = 60s}, clock);
  limiter.failed("alice", "2001:db8::1");
  EXPECT_TRUE(limiter.wait("bob", "2001:db8::2"));
  EXPECT_EQ(limiter.wait("bob", "2001:db8:0:1::1"), std::nullopt);
}

}  // namespace
}  // namespace mcias
