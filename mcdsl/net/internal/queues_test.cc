#include <gtest/gtest.h>

#include "mcdsl/net/internal/blocking_routes.h"
#include "mcdsl/net/internal/exchange.h"
#include "mcdsl/net/internal/output_queue.h"

namespace mcdsl::net {
namespace {

using namespace std::string_view_literals;

std::string drain(OutputQueue& queue, std::size_t step) {
  std::string all;
  while (!queue.empty()) {
    const std::string_view piece = queue.front().substr(0, step);
    EXPECT_FALSE(piece.empty());
    all.append(piece);
    queue.pop(piece.size());
  }
  return all;
}

TEST(OutputQueue, GivesBytesBackInOrderWhateverTheSteps) {
  const std::string large(100'000, 'b');
  for (const std::size_t step : {1U, 7U, 40'000U, 1'000'000U}) {
    OutputQueue queue;
    queue.push("head"sv);
    queue.push(std::string(large));
    queue.push("tail"sv);
    queue.push(std::string_view(large));
    EXPECT_EQ(queue.size(), 8 + 2 * large.size());
    EXPECT_EQ(drain(queue, step), "head" + large + "tail" + large);
    EXPECT_EQ(queue.size(), 0U);
  }
}

TEST(OutputQueue, JoinsSmallPieces) {
  OutputQueue queue;
  queue.push("one"sv);
  queue.push("two"sv);
  EXPECT_EQ(queue.front(), "onetwo");
}

TEST(OutputQueue, GoesOnWithAPieceThatHasBeenWrittenInPart) {
  OutputQueue queue;
  queue.push("onetwo"sv);
  queue.pop(3);
  queue.push("three"sv);
  EXPECT_EQ(queue.front(), "twothree");
}

TEST(OutputQueue, IgnoresNothing) {
  OutputQueue queue;
  queue.push(""sv);
  queue.push(std::string());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.front(), "");
}

TEST(ExchangeQueue, KeepsTheOrder) {
  Exchange first;
  Exchange second;
  ExchangeQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop(), nullptr);
  for (int round = 0; round < 2; ++round) {
    queue.push(first);
    queue.push(second);
    EXPECT_EQ(queue.pop(), &first);
    EXPECT_EQ(queue.pop(), &second);
    EXPECT_EQ(queue.pop(), nullptr);
  }
}

TEST(BlockingRoutes, LearnARouteThatBlocksAgainAndAgain) {
  BlockingRoutes routes;
  routes.note_blocked("/slow");
  EXPECT_FALSE(routes.is_blocking("/slow"));
  routes.note_blocked("/slow");
  EXPECT_TRUE(routes.is_blocking("/slow"));
  EXPECT_FALSE(routes.is_blocking("/fast"));
}

TEST(BlockingRoutes, ForgiveOneThatBlocksOnceInALongWhile) {
  BlockingRoutes routes;
  for (int i = 0; i < 100; ++i) {
    routes.note_blocked("/mixed");
    EXPECT_FALSE(routes.is_blocking("/mixed"));
    for (int fast = 0; fast < 20; ++fast) {
      routes.note_fast("/mixed");
    }
  }
}

TEST(BlockingRoutes, UnlearnARouteThatHasBecomeFast) {
  BlockingRoutes routes;
  for (int i = 0; i < 1000; ++i) {
    routes.note_blocked("/slow");
  }
  for (int i = 0; i < 17; ++i) {
    routes.note_fast("/slow");
  }
  EXPECT_FALSE(routes.is_blocking("/slow"));
}

TEST(BlockingRoutes, AreBoundedInNumber) {
  BlockingRoutes routes;
  for (int i = 0; i < 1000; ++i) {
    routes.note_blocked("/" + std::to_string(i));
    routes.note_blocked("/" + std::to_string(i));
  }
  EXPECT_TRUE(routes.is_blocking("/0"));
  EXPECT_FALSE(routes.is_blocking("/999"));
}

}  // namespace
}  // namespace mcdsl::net
