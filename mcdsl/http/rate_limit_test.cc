#include "mcdsl/http/rate_limit.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::http {
namespace {

using std::chrono::milliseconds;
using testing::AppClient;
using testing::ManualClock;

// How many of `tries` requests of a key come through.
int taken(RateLimiter& limiter, std::string_view key, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) {
    count += limiter.take(key) ? 0 : 1;
  }
  return count;
}

TEST(RateLimiter, LetsABurstPassAndThenTheRate) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 2, .burst = 3}, clock);
  EXPECT_EQ(taken(limiter, "a", 10), 3);
  clock.advance(milliseconds(500));
  EXPECT_EQ(taken(limiter, "a", 10), 1);
  clock.advance(milliseconds(1000));
  EXPECT_EQ(taken(limiter, "a", 10), 2);
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(taken(limiter, "a", 10), 3) << "a bucket holds no more than a burst";
}

TEST(RateLimiter, SaysHowLongToWaitAndIsRight) {
  ManualClock clock;
  RateLimiter limiter({.per_second = 2, .burst = 1}, clock);
  EXPECT_EQ(limiter.take("a"), std::nullopt);
  EXPECT_EQ(limiter.take("a"), milliseconds(500));
  clock.advance(milliseconds(200));
  EXPECT_EQ(limiter.take("a"), milliseconds(300)) << "asking in vain costs nothing";
  clock.advance(milliseconds(300));
  EXPECT_EQ(limiter.take("a"), std::nullopt);
}

TEST(RateLimiter, KeepsClientsApart) {
  const ManualClock clock;
  RateLimiter limiter({.per_second = 1, .burst = 1}, clock);
  EXPECT_EQ(taken(limiter, "a", 5), 1);
  EXPECT_EQ(taken(limiter, "b", 5), 1);
}

TEST(RateLimiter, ForgetsTheClientNotSeenForLongest) {
  const ManualClock clock;
  RateLimiter limiter({.per_second = 1, .burst = 1, .max_clients = 2}, clock);
  EXPECT_EQ(taken(limiter, "a", 1), 1);
  EXPECT_EQ(taken(limiter, "b", 1), 1);
  EXPECT_EQ(taken(limiter, "a", 1), 0) << "seen again, though in vain";
  EXPECT_EQ(taken(limiter, "c", 1), 1) << "takes the place of b";
  EXPECT_EQ(taken(limiter, "a", 1), 0);
  EXPECT_EQ(taken(limiter, "b", 1), 1);
}

TEST(RateLimiter, CountsExactlyFromManyThreads) {
  const ManualClock clock;
  RateLimiter limiter({.per_second = 1, .burst = 100}, clock);
  std::atomic<int> count{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { count += taken(limiter, "a", 50); });
    }
  }
  EXPECT_EQ(count, 100);
}

TEST(RateLimiter, RefusesLimitsThatMakeNoSense) {
  for (const RateLimit& limit : {RateLimit{.per_second = 0}, RateLimit{.per_second = -1}, RateLimit{.per_second = 1e7},
                                 RateLimit{.per_second = std::numeric_limits<double>::quiet_NaN()},
                                 RateLimit{.burst = 0}, RateLimit{.burst = 1'000'001}, RateLimit{.max_clients = 0}}) {
    EXPECT_THROW(RateLimiter{limit}, Exception);
  }
  const ManualClock clock;
  RateLimiter slowest({.per_second = 0.001, .burst = 1'000'000}, clock);
  EXPECT_EQ(slowest.take("a"), std::nullopt);
}

TEST(RateLimitKey, IsTheAddressOrTheNetworkOfAnIpv6Host) {
  EXPECT_EQ(rate_limit_key("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(rate_limit_key("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(rate_limit_key("unix"), "unix");
  EXPECT_EQ(rate_limit_key("2001:db8:1:2::1"), rate_limit_key("2001:db8:1:2:ffff::"));
  EXPECT_NE(rate_limit_key("2001:db8:1:2::1"), rate_limit_key("2001:db8:1:3::1"));
}

TEST(RateLimitMiddleware, Answers429WithRetryAfterPerClientAddress) {
  ManualClock clock;
  Router router;
  router.use(rate_limit({.per_second = 0.4, .burst = 1}, clock));
  router.get("/a", [] { return no_content(); });
  router.get("/b", [] { return no_content(); });
  const AppClient client(router);
  EXPECT_EQ(client.get("/a").status, 204);
  const Response refused = client.get("/b");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.get("retry-after"), "3") << "2.5 seconds, rounded up";
  EXPECT_EQ(refused.body, R"({"error":"too many requests"})");
  EXPECT_EQ(client.from("192.0.2.9").get("/b").status, 204);
  clock.advance(std::chrono::seconds(3));
  EXPECT_EQ(client.get("/b").status, 204);
}

}  // namespace
}  // namespace mcdsl::http
