#include "mcdsl/metrics/registry.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::metrics {
namespace {

using ::testing::HasSubstr;

TEST(Registry, WritesMetricsOrderedByNameAndLabels) {
  Registry registry;
  registry.gauge("queue_length", "Jobs that wait.").set(-2);
  registry.counter("jobs_total", "Jobs.", {{"outcome", "ok"}, {"kind", "b"}}).add(3);
  registry.counter("jobs_total", "Jobs.", {{"kind", "a"}, {"outcome", "ok"}}).add();
  EXPECT_EQ(registry.expose(),
            "# HELP jobs_total Jobs.\n"
            "# TYPE jobs_total counter\n"
            "jobs_total{kind=\"a\",outcome=\"ok\"} 1\n"
            "jobs_total{kind=\"b\",outcome=\"ok\"} 3\n"
            "# HELP queue_length Jobs that wait.\n"
            "# TYPE queue_length gauge\n"
            "queue_length -2\n");
}

TEST(Registry, WritesHistogramsInTheirBaseUnit) {
  Registry registry;
  Histogram& histogram =
      registry.histogram("wait_seconds", "Waits.", {.bounds = {5'000'000, 2'500'000'000}, .per_unit = 1'000'000'000});
  histogram.observe(std::chrono::milliseconds(5));
  histogram.observe(std::chrono::milliseconds(6));
  histogram.observe(std::chrono::seconds(3));
  EXPECT_EQ(registry.expose(),
            "# HELP wait_seconds Waits.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"0.005\"} 1\n"
            "wait_seconds_bucket{le=\"2.5\"} 2\n"
            "wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "wait_seconds_sum 3.011\n"
            "wait_seconds_count 3\n");
}

TEST(Registry, PutsTheBoundBehindTheLabels) {
  Registry registry;
  registry.histogram("size_bytes", "Sizes.", {.bounds = {1}}, {{"route", "/"}}).observe(std::uint64_t{1});
  EXPECT_THAT(registry.expose(), HasSubstr("size_bytes_bucket{route=\"/\",le=\"1\"} 1\n"));
  EXPECT_THAT(registry.expose(), HasSubstr("size_bytes_count{route=\"/\"} 1\n"));
}

TEST(Registry, EscapesHelpAndLabelValues) {
  Registry registry;
  registry.gauge("x", "one \"two\"\nthree\\", {{"l", "a\"b\\c\nd"}}).set(1);
  EXPECT_EQ(registry.expose(),
            "# HELP x one \"two\"\\nthree\\\\\n"
            "# TYPE x gauge\n"
            "x{l=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(Registry, GivesTheSameSeriesForTheSameLabelsInAnyOrder) {
  Registry registry;
  Counter& first = registry.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  EXPECT_EQ(&registry.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}}), &first);
  EXPECT_NE(&registry.counter("a_total", "A.", {{"y", "1"}, {"x", "1"}}), &first);
}

TEST(Registry, AsksItsSourcesAtEachLook) {
  Registry registry;
  double value = 1.5;
  registry.add_source([&](Samples& samples) {
    samples.gauge("level", "Level.", value, {{"tank", "b"}});
    samples.counter("drops_total", "Drops.", 2 * value);
  });
  (void)registry.gauge("level", "Level.", {{"tank", "a"}});
  EXPECT_THAT(registry.expose(), HasSubstr("drops_total 3\n"));
  value = std::numeric_limits<double>::infinity();
  EXPECT_THAT(registry.expose(), HasSubstr("level{tank=\"a\"} 0\nlevel{tank=\"b\"} +Inf\n"));
  value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(registry.expose(), HasSubstr("level{tank=\"b\"} NaN\n"));
}

TEST(Registry, LetsASourceLookUpASeries) {
  Registry registry;
  registry.add_source([&](Samples& /*samples*/) { registry.counter("looks_total", "Looks.").add(); });
  EXPECT_THAT(registry.expose(), HasSubstr("looks_total 1\n"));
}

TEST(Registry, GivesNoPageThatLacksAMetric) {
  Registry registry;
  registry.add_source([](Samples& /*samples*/) { throw std::runtime_error("away"); });
  EXPECT_THROW((void)registry.expose(), std::runtime_error);
}

TEST(Registry, RefusesNamesThatPrometheusOrItsConventionsDoNot) {
  Registry registry;
  for (const std::string name : {"", "a-b", "1a", "a b", "\xC3\xA9", "jobs", "a:b_total", "jobs_count"}) {
    EXPECT_THROW((void)registry.counter(name, "?"), Exception) << name;
  }
  EXPECT_THROW((void)registry.gauge("jobs_total", "?"), Exception);
  EXPECT_THROW((void)registry.histogram("x_bucket", "?", Buckets::sizes()), Exception);
  for (const std::string label : {"", "a-b", "__name__", "le", "1"}) {
    EXPECT_THROW((void)registry.gauge("x", "?", {{label, "v"}}), Exception) << label;
  }
  EXPECT_THROW((void)registry.gauge("x", "?", {{"a", "1"}, {"a", "2"}}), Exception);
  EXPECT_THROW((void)registry.gauge("x", "?", {{"a", "\xFF"}}), Exception);
}

TEST(Registry, RefusesAMetricThatIsThereAsAnotherOne) {
  Registry registry;
  (void)registry.gauge("x", "X.");
  EXPECT_THROW((void)registry.gauge("x", "Y."), Exception);
  EXPECT_THROW((void)registry.histogram("x", "X.", Buckets::sizes()), Exception);
  (void)registry.histogram("h", "H.", Buckets::sizes());
  EXPECT_THROW((void)registry.histogram("h", "H.", Buckets::durations()), Exception);
  registry.add_source([](Samples& samples) { samples.gauge("x", "X.", 1); });
  EXPECT_THROW((void)registry.expose(), Exception) << "one series from two places";
}

TEST(Registry, CountsTogetherWhatIsPastTheMostSeries) {
  Registry registry;
  for (std::size_t i = 0; i < Registry::kMostSeries + 5; ++i) {
    registry.counter("a_total", "A.", {{"n", std::to_string(i)}}).add();
  }
  registry.counter("a_total", "A.", {{"n", "7"}}).add();
  const std::string page = registry.expose();
  EXPECT_EQ(std::ranges::count(page, '\n'), static_cast<std::ptrdiff_t>(Registry::kMostSeries + 1 + 2));
  EXPECT_THAT(page, HasSubstr("a_total{n=\"other\"} 5\n"));
  EXPECT_THAT(page, HasSubstr("a_total{n=\"7\"} 2\n"));
}

TEST(Registry, CanBeReadWhileItGrows) {
  Registry registry;
  std::jthread writer([&] {
    for (int i = 0; i < 300; ++i) {
      registry.counter("a_total", "A.", {{"n", std::to_string(i)}}).add();
    }
  });
  for (int i = 0; i < 50; ++i) {
    const std::string page = registry.expose();
    EXPECT_TRUE(page.empty() || page.ends_with('\n'));
  }
  writer.join();
  EXPECT_EQ(std::ranges::count(registry.expose(), '\n'), 302);
}

}  // namespace
}  // namespace mcdsl::metrics
