#include "mcdsl/health/registry.h"

#include <atomic>
#include <latch>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::health {
namespace {

using namespace std::chrono_literals;

TEST(Registry, ServesWithoutAnyCheck) {
  EXPECT_TRUE(Registry().report().serving);
}

TEST(Registry, NamesTheCheckThatFails) {
  Registry registry;
  registry.add("disk", [] { return Result<void>(); });
  registry.add("database", []() -> Result<void> { return fail(Code::unavailable, "locked"); });
  const Report report = registry.report();
  EXPECT_FALSE(report.serving);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_TRUE(report.findings[0].outcome.has_value());
  EXPECT_EQ(report.findings[1].name, "database");
  EXPECT_EQ(report.findings[1].outcome.error().message(), "locked");
}

TEST(Registry, TakesAnExceptionForAFailure) {
  Registry registry;
  registry.add("a", []() -> Result<void> { throw Exception(Code::data_loss, "torn page"); });
  registry.add("b", []() -> Result<void> { throw std::runtime_error("surprise"); });
  const Report report = registry.report();
  EXPECT_FALSE(report.serving);
  EXPECT_EQ(report.findings[0].outcome.error().code(), Code::data_loss);
  EXPECT_EQ(report.findings[1].outcome.error().message(), "surprise");
}

TEST(Registry, FailsACheckThatHangsAndDoesNotStartItTwice) {
  std::latch release(1);
  std::atomic<int> starts{0};
  Registry registry({.timeout = 20ms, .max_age = 0s});
  registry.add("identity", [&] {
    ++starts;
    release.wait();
    return Result<void>();
  });
  EXPECT_EQ(registry.report().findings[0].outcome.error().code(), Code::deadline_exceeded);
  EXPECT_FALSE(registry.report().serving);
  EXPECT_EQ(starts, 1);
  release.count_down();
}

TEST(Registry, UsesAFreshResultAgain) {
  testing::ManualClock clock;
  std::atomic<int> runs{0};
  Registry registry({.timeout = 10s, .max_age = 1s}, clock);
  registry.add("database", [&] {
    ++runs;
    return Result<void>();
  });
  (void)registry.report();
  (void)registry.report();
  EXPECT_EQ(runs, 1);
  clock.advance(1s);
  (void)registry.report();
  EXPECT_EQ(runs, 2);
}

TEST(Registry, IsNotServingOnceItDrains) {
  Registry registry;
  registry.drain();
  EXPECT_FALSE(registry.report().serving);
  EXPECT_TRUE(registry.report().draining);
}

TEST(Registry, AsksAnythingThatCanBePinged) {
  struct Dependency {
    [[nodiscard]] static Result<void> ping() { return fail(Code::unavailable, "no route"); }
  };
  const Dependency dependency;
  Registry registry;
  registry.add("identity", dependency);
  EXPECT_EQ(registry.report().findings[0].outcome.error().message(), "no route");
}

TEST(Registry, WakesWhoWaitsForTheDrain) {
  Registry registry;
  EXPECT_FALSE(registry.wait_for_drain(std::chrono::nanoseconds(0), {}));
  std::jthread drains([&] { registry.drain(); });
  EXPECT_TRUE(registry.wait_for_drain(std::chrono::hours(1), {}));
}

TEST(Registry, LetsWhoIsStoppedGoBeforeTheDrain) {
  const Registry registry;
  std::stop_source stop;
  std::jthread stops([&] { stop.request_stop(); });
  EXPECT_FALSE(registry.wait_for_drain(std::chrono::hours(1), stop.get_token()));
}

}  // namespace
}  // namespace mcdsl::health
