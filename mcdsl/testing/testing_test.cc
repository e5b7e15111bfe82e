#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock;
  EXPECT_EQ(format_rfc3339(clock.now()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(clock.now(), clock.now());
  const auto steady = clock.steady();
  clock.advance(std::chrono::seconds(90));
  EXPECT_EQ(format_rfc3339(clock.now()), "2026-01-01T00:01:30Z");
  EXPECT_EQ(clock.steady() - steady, std::chrono::seconds(90));
}

TEST(ManualClock, StartsWithRoomForEarlierSteadyTimes) {
  EXPECT_GT(ManualClock().steady(), Clock::SteadyTime() + std::chrono::minutes(59));
}

TEST(TempDir, MakesAnEmptyFolderForItsOwnerAlone) {
  const TempDir first;
  const TempDir second;
  EXPECT_NE(first.path(), second.path());
  EXPECT_TRUE(fs::is_empty(first.path()));
  EXPECT_EQ(fs::status(first.path()).permissions(), fs::perms::owner_all);
}

TEST(TempDir, WritesFilesBelowItselfAndNamesThem) {
  const TempDir folder;
  const fs::path file = folder.write("certs/cert.pem", "PEM");
  EXPECT_EQ(file, folder / "certs/cert.pem");
  EXPECT_EQ(read_file(file).value(), "PEM");
}

TEST(TempDir, TakesAllItHoldsAlongWhenItGoes) {
  fs::path path;
  {
    const TempDir folder;
    path = folder.path();
    folder.write("deep/below/file", "x");
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(LogCapture, KeepsLinesOfEveryLevel) {
  const LogCapture log;
  EXPECT_EQ(log.text(), "");
  log.logger().debug("first", {{"n", 1}});
  log.logger().error("second");
  EXPECT_TRUE(log.contains("level=debug msg=first n=1"));
  EXPECT_THAT(log.text(), EndsWith("level=error msg=second\n"));
  EXPECT_FALSE(log.contains("third"));
}

TEST(LogCapture, KeepsJsonLinesToo) {
  const LogCapture log(log::Format::json);
  log.logger().info("m", {{"n", 1}});
  EXPECT_TRUE(log.contains(R"("msg":"m","n":1})"));
}

TEST(LogCapture, TakesLinesOfManyThreads) {
  const LogCapture log;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) {
          log.logger().info("line");
        }
      });
    }
  }
  EXPECT_EQ(std::ranges::count(log.text(), '\n'), 400);
}

}  // namespace
}  // namespace mcdsl::testing
