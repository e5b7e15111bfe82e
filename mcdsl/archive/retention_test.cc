#include "mcdsl/archive/retention.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/archive/archive.h"
#include "mcdsl/archive/tree_for_test.h"
#include "mcdsl/base/time.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Pruning : public ::testing::Test {
 protected:
  Pruning() { testing::put(root_ / "notes" / "file", "x"); }

  // Makes an archive so many days after 2026-01-01, a Thursday.
  std::filesystem::path make(int day, bool verified = true) {
    clock_.advance(std::chrono::days(day - day_));
    day_ = day;
    const auto path = default_path(root_ / "notes", "notes", clock_.now());
    value_or_throw(create(root_ / "notes", path, {.service = "notes"}, with_));
    if (verified) {
      value_or_throw(verify(path, {}, with_));
    }
    return path;
  }
  [[nodiscard]] Pruned prune(const Retention& retention, bool dry_run = false) const {
    return value_or_throw(archive::prune(backups_, "notes", retention, dry_run, with_));
  }
  [[nodiscard]] static std::vector<std::string> days_of(const std::vector<std::filesystem::path>& archives) {
    std::vector<std::string> days;
    for (const auto& path : archives) {
      days.push_back(path.filename().string().substr(10, 4));
    }
    return days;
  }

  mcdsl::testing::TempDir root_;
  std::filesystem::path backups_ = root_ / "notes" / "backups";
  mcdsl::testing::ManualClock clock_;
  Dependencies with_{.clock = clock_};
  int day_ = 0;
};

TEST_F(Pruning, KeepsTheNewestOfEachPeriod) {
  for (const int day : {0, 1, 2, 3, 4, 10, 11, 31, 32, 59}) {
    make(day);
  }
  testing::put(backups_ / "notes-20250101T000000Z.tar.zst.bak", "nobody's");
  testing::put(backups_ / "other-20250101T000000Z.tar.zst", "of another service");
  const Pruned planned = prune({.last = 1, .daily = 2, .weekly = 3, .monthly = 9}, true);
  // Daily: 0301, 0202. Weekly: these, and 0201, a Sunday. Monthly: 0301, 0202, 0112.
  EXPECT_THAT(days_of(planned.kept), ElementsAre("0112", "0201", "0202", "0301"));
  EXPECT_THAT(days_of(planned.removed), ElementsAre("0101", "0102", "0103", "0104", "0105", "0111"));
  EXPECT_TRUE(std::filesystem::exists(planned.removed.front())) << "it was only asked";
  const Pruned done = prune({.last = 1, .daily = 2, .weekly = 3, .monthly = 9});
  EXPECT_EQ(done.removed, planned.removed);
  for (const auto& path : done.removed) {
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path.string() + ".verified"));
  }
  for (const auto& path : done.kept) {
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_TRUE(std::filesystem::exists(backups_ / "notes-20250101T000000Z.tar.zst.bak"));
  EXPECT_TRUE(std::filesystem::exists(backups_ / "other-20250101T000000Z.tar.zst"));
}

constexpr Retention kLast{.last = 1, .daily = 0, .weekly = 0, .monthly = 0};

TEST_F(Pruning, RemovesNothingWithoutANewerOneThatWasVerified) {
  make(0);
  make(1, false);
  make(2, false);
  const Pruned pruned = prune(kLast);
  EXPECT_THAT(pruned.removed, IsEmpty());
  EXPECT_THAT(days_of(pruned.unproven), ElementsAre("0101", "0102"));
  value_or_throw(verify(pruned.kept.front(), {}, with_));
  EXPECT_THAT(days_of(prune(kLast).removed), ElementsAre("0101", "0102"));
}

TEST_F(Pruning, DoesNotTrustAMarkWhoseArchiveHasChanged) {
  make(0);
  const auto newest = make(1);
  {
    std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.put('\x55');
  }
  EXPECT_THAT(prune(kLast).removed, IsEmpty());
  std::ofstream(newest, std::ios::app) << "more";
  EXPECT_THAT(prune(kLast).removed, IsEmpty());
  EXPECT_EQ(last_verified(backups_, "notes")->created_at, mcdsl::testing::ManualClock().now()) << "the older one";
}

TEST_F(Pruning, TrustsNoMarkOfAnArchiveThatFailedSince) {
  const auto older = make(0);
  const auto path = make(1);
  EXPECT_EQ(newest(backups_, "notes")->damage, "");
  const std::string whole = testing::bytes_of(path);
  std::string bad = whole;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 0x10);
  testing::put(path, bad);
  ASSERT_FALSE(verify(path, {.mark = false}, with_));
  EXPECT_EQ(last_verified(backups_, "notes")->archive, path) << "it was to note nothing";
  ASSERT_FALSE(verify(path, {}, with_));
  EXPECT_THAT(newest(backups_, "notes")->damage, HasSubstr("it failed its verification: "));
  EXPECT_EQ(last_verified(backups_, "notes")->archive, older);
  EXPECT_THAT(prune(kLast).unproven, ElementsAre(older));

  testing::put(path, whole);
  ASSERT_TRUE(verify(path, {}, with_));
  EXPECT_EQ(newest(backups_, "notes")->damage, "") << "it passed one later";
  EXPECT_EQ(last_verified(backups_, "notes")->archive, path);
  testing::put(path, whole + "more");
  EXPECT_THAT(newest(backups_, "notes")->damage, HasSubstr("has changed in size"));
  testing::put(path, "");
  EXPECT_EQ(newest(backups_, "notes")->damage, "it is empty");
}

TEST_F(Pruning, KeepsTheMarkOfAnArchiveThatCouldNotBeReadToItsEnd) {
  const auto path = make(0);
  const auto tried = verify(path, {.limits = {.max_bytes = 0}}, with_);
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().code(), Code::resource_exhausted);
  EXPECT_EQ(last_verified(backups_, "notes")->archive, path);
  EXPECT_EQ(newest(backups_, "notes")->damage, "");
}

TEST_F(Pruning, IsToldNothingOfAnArchiveThatIsNamedOtherwise) {
  const auto other = backups_ / "copy.tar.zst";
  std::filesystem::copy_file(make(0, false), other);
  ASSERT_TRUE(verify(other, {}, with_));
  ASSERT_TRUE(std::filesystem::exists(other.string() + ".verified"));
  testing::put(other, "no archive");
  ASSERT_FALSE(verify(other, {}, with_));
  EXPECT_FALSE(std::filesystem::exists(other.string() + ".verified"));
  EXPECT_FALSE(std::filesystem::exists(other.string() + ".damaged"));
}

TEST_F(Pruning, RemovesTheNotesOnDamageToo) {
  const auto damaged = make(0, false);
  testing::put(damaged, "no archive");
  ASSERT_FALSE(verify(damaged, {}, with_));
  ASSERT_TRUE(std::filesystem::exists(damaged.string() + ".damaged"));
  make(1);
  EXPECT_THAT(prune(kLast).removed, ElementsAre(damaged));
  EXPECT_FALSE(std::filesystem::exists(damaged.string() + ".damaged"));
}

TEST_F(Pruning, RefusesRulesThatKeepNothing) {
  const auto newest = make(0);
  const auto refused = archive::prune(backups_, "notes", {.last = 0, .daily = 0, .weekly = 0, .monthly = 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  EXPECT_TRUE(std::filesystem::exists(newest));
}

TEST_F(Pruning, TellsTheNewestThatWasVerified) {
  EXPECT_FALSE(last_verified(backups_, "notes"));
  EXPECT_FALSE(newest(backups_, "notes"));
  make(0);
  make(1);
  make(2, false);
  const auto found = last_verified(backups_, "notes");
  ASSERT_TRUE(found);
  EXPECT_EQ(clock_.now() - found->created_at, std::chrono::days(1));
  EXPECT_EQ(found->archive.filename(), "notes-20260102T000000Z.tar.zst");
  EXPECT_EQ(newest(backups_, "notes")->archive.filename(), "notes-20260103T000000Z.tar.zst");
}

}  // namespace
}  // namespace mcdsl::archive
