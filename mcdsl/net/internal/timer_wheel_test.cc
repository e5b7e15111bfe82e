#include "mcdsl/net/internal/timer_wheel.h"

#include <functional>
#include <memory>

#include <gtest/gtest.h>

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr TimerWheel::Time kStart{std::chrono::hours(1)};

struct Node final : Timed {
  void on_timeout() override {
    ++fired;
    if (then) {
      then();
    }
  }
  int fired = 0;
  std::function<void()> then{};
};

TEST(TimerWheel, IsNeverEarlyAndAtMostATickLate) {
  for (const auto delay : {0ms, 1ms, 249ms, 250ms, 251ms, 10'000ms, 63'999ms, 64'000ms, 64'250ms, 1'000'000ms}) {
    TimerWheel wheel(kStart);
    Node node;
    wheel.schedule(node, kStart + delay);
    auto now = kStart;
    while (node.fired == 0 && now < kStart + delay + 10s) {
      now += 50ms;
      wheel.advance(now);
    }
    EXPECT_GE(now, kStart + delay) << delay.count();
    EXPECT_LE(now, kStart + delay + TimerWheel::kTick + 50ms) << delay.count();
  }
}

TEST(TimerWheel, FiresOnce) {
  TimerWheel wheel(kStart);
  Node node;
  wheel.schedule(node, kStart + 1s);
  wheel.advance(kStart + 2s);
  wheel.advance(kStart + 1000s);
  EXPECT_EQ(node.fired, 1);
}

TEST(TimerWheel, FiresEveryNodeAfterALongSleep) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < 600; ++i) {
    nodes.push_back(std::make_unique<Node>());
    wheel.schedule(*nodes.back(), kStart + i * 250ms);
  }
  wheel.advance(kStart + 1h);
  for (const auto& node : nodes) {
    EXPECT_EQ(node->fired, 1);
  }
}

TEST(TimerWheel, MovesADeadlineBothWays) {
  TimerWheel wheel(kStart);
  Node later;
  Node earlier;
  wheel.schedule(later, kStart + 1s);
  wheel.schedule(later, kStart + 100s);
  wheel.schedule(earlier, kStart + 100s);
  wheel.schedule(earlier, kStart + 1s);
  wheel.advance(kStart + 2s);
  EXPECT_EQ(later.fired, 0);
  EXPECT_EQ(earlier.fired, 1);
  wheel.advance(kStart + 101s);
  EXPECT_EQ(later.fired, 1);
}

TEST(TimerWheel, NeverFiresADeadlineAtTheEndOfTime) {
  TimerWheel wheel(kStart);
  Node node;
  wheel.schedule(node, TimerWheel::Time::max());
  wheel.advance(kStart + std::chrono::hours(24 * 365));
  EXPECT_EQ(node.fired, 0);
}

TEST(TimerWheel, LetsANodeScheduleItselfAgain) {
  TimerWheel wheel(kStart);
  Node node;
  node.then = [&] { wheel.schedule(node, kStart + 10s); };
  wheel.schedule(node, kStart + 1s);
  wheel.advance(kStart + 2s);
  EXPECT_EQ(node.fired, 1);
  node.then = {};
  wheel.advance(kStart + 11s);
  EXPECT_EQ(node.fired, 2);
}

TEST(TimerWheel, LetsANodeDestroyItselfAndOthersThatAreDue) {
  TimerWheel wheel(kStart);
  auto first = std::make_unique<Node>();
  auto second = std::make_unique<Node>();
  auto third = std::make_unique<Node>();
  Node last;
  wheel.schedule(*first, kStart);
  wheel.schedule(*second, kStart);
  wheel.schedule(*third, kStart);
  wheel.schedule(last, kStart);
  first->then = [&] { second.reset(); };
  third->then = [&] { third.reset(); };
  wheel.advance(kStart + 1s);
  EXPECT_EQ(first->fired, 1);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(third, nullptr);
  EXPECT_EQ(last.fired, 1);
}

TEST(TimerWheel, ForgetsADestroyedNode) {
  TimerWheel wheel(kStart);
  Node kept;
  {
    Node gone;
    wheel.schedule(gone, kStart + 1s);
    wheel.schedule(kept, kStart + 1s);
  }
  wheel.advance(kStart + 2s);
  EXPECT_EQ(kept.fired, 1);
}

}  // namespace
}  // namespace mcdsl::net
