#include "mcdsl/metrics/instruments.h"

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::metrics {
namespace {

using ::testing::ElementsAre;

TEST(Counter, LosesNothingThatManyThreadsAdd) {
  Counter counter;
  Histogram histogram({.bounds = {10}});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          counter.add();
          histogram.observe(std::uint64_t{2});
        }
      });
    }
  }
  EXPECT_EQ(counter.value(), 4000U);
  EXPECT_THAT(histogram.counts(), ElementsAre(4000, 0));
  EXPECT_EQ(histogram.sum(), 8000U);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(2);
  gauge.add(-5);
  EXPECT_EQ(gauge.value(), -3);
  gauge.set(7);
  EXPECT_EQ(gauge.value(), 7);
}

TEST(Histogram, CountsABoundInItsOwnBucket) {
  Histogram histogram({.bounds = {10, 20}});
  for (const std::uint64_t value : {0U, 10U, 11U, 20U, 21U}) {
    histogram.observe(value);
  }
  EXPECT_THAT(histogram.counts(), ElementsAre(2, 2, 1));
  EXPECT_EQ(histogram.sum(), 62U);
}

TEST(Histogram, TakesATimeThatRanBackwardsForNone) {
  Histogram histogram(Buckets::durations());
  histogram.observe(std::chrono::nanoseconds(-5));
  EXPECT_EQ(histogram.counts().front(), 1U);
  EXPECT_EQ(histogram.sum(), 0U);
}

TEST(Histogram, RefusesBoundsThatDoNotGrow) {
  EXPECT_THROW(Histogram({.bounds = {}}), Exception);
  EXPECT_THROW(Histogram({.bounds = {1, 1}}), Exception);
  EXPECT_THROW(Histogram({.bounds = {2, 1}}), Exception);
  EXPECT_THROW(Histogram({.bounds = {1}, .per_unit = 0}), Exception);
}

TEST(Buckets, GrowFromSmallToLarge) {
  EXPECT_NO_THROW((void)Histogram(Buckets::durations()));
  EXPECT_NO_THROW((void)Histogram(Buckets::sizes()));
  EXPECT_EQ(Buckets::sizes().bounds.front(), 256U);
  EXPECT_EQ(Buckets::sizes().bounds.back(), 64U << 20U);
}

}  // namespace
}  // namespace mcdsl::metrics
