#include "mcdsl/auth/internal/resolver.h"

#include <atomic>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace mcdsl::auth::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

Deadline in(std::chrono::nanoseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(Resolver, TakesAddressesAsTheyAre) {
  const auto v4 = Resolver("127.0.0.1", "443").resolve(in(0s)).value();
  ASSERT_EQ(v4.size(), 1U);
  EXPECT_EQ(v4.front().get()->sa_family, AF_INET);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in*>(v4.front().get())->sin_port, htons(443));
  const auto v6 = Resolver("::1", "443").resolve(in(0s)).value();
  ASSERT_EQ(v6.size(), 1U);
  EXPECT_EQ(v6.front().get()->sa_family, AF_INET6);
}

TEST(Resolver, FindsLocalhost) {
  const auto found = Resolver("localhost", "443").resolve(in(1min));
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_FALSE(found->empty());
}

TEST(Resolver, SaysWhatDnsDoesNotKnow) {
  const auto found = Resolver(std::string(64, 'x') + ".invalid", "443").resolve(in(1min));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::unavailable);
  EXPECT_THAT(found.error().to_string(), StartsWith("DNS: "));
}

// Outlives the resolver, as what a lookup uses must.
struct SlowDns {
  std::latch may_answer{1};
  std::latch has_answered{1};
  std::atomic<int> lookups = 0;
};

TEST(Resolver, WaitsNoLongerThanItsDeadlineAndAsksOnceAtATime) {
  const auto dns = std::make_shared<SlowDns>();
  Resolver resolver([dns]() -> Result<Resolver::Addresses> {
    ++dns->lookups;
    dns->may_answer.wait();
    return Resolver::Addresses(2);
  });
  for (int i = 0; i < 3; ++i) {
    const auto found = resolver.resolve(in(1ms));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().to_string(), "timeout: DNS has not answered");
  }
  dns->may_answer.count_down();
  EXPECT_EQ(resolver.resolve(in(1min)).value().size(), 2U);
  EXPECT_LE(dns->lookups, 2);  // the one that was slow, and another where it had answered before the last call
}

TEST(Resolver, MayGoWhileALookupRuns) {
  const auto dns = std::make_shared<SlowDns>();
  {
    Resolver resolver([dns]() -> Result<Resolver::Addresses> {
      dns->may_answer.wait();
      dns->has_answered.count_down();
      return Resolver::Addresses();
    });
    EXPECT_FALSE(resolver.resolve(in(1ms)));
  }
  dns->may_answer.count_down();
  dns->has_answered.wait();
}

TEST(Resolver, RemembersNothing) {
  std::atomic<int> lookups = 0;
  Resolver resolver([&]() -> Result<Resolver::Addresses> {
    if (++lookups == 1) {
      return fail(Code::unavailable, "DNS: not now");
    }
    return Resolver::Addresses(1);
  });
  EXPECT_FALSE(resolver.resolve(in(1min)));
  EXPECT_TRUE(resolver.resolve(in(1min)));
}

}  // namespace
}  // namespace mcdsl::auth::internal
