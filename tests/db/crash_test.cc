#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "child_process.h"
#include "mcdsl/base/file.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"
#include "scale.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using testing::TempDir;

int random_below(int limit) {
  static std::mt19937 generator(std::random_device{}());
  return std::uniform_int_distribution(0, limit - 1)(generator);
}

// Kills the child after some of its lines and up to so long into what follows, so that kills fall between its steps and
// inside them; every line that it had printed.
std::vector<std::string> kill_at_random(ChildProcess& child, int line_limit, std::chrono::microseconds delay_limit) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::string> lines;
  const auto read = [&](std::chrono::microseconds patience) {
    auto line = child.read_line(patience);
    if (!line) {
      return false;
    }
    lines.push_back(*std::move(line));
    return true;
  };
  for (int count = random_below(line_limit); count > 0 && read(5min); --count) {
  }
  const auto end = Clock::now() + std::chrono::microseconds(random_below(static_cast<int>(delay_limit.count())));
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    (void)read(std::chrono::ceil<std::chrono::microseconds>(end - now));
  }
  std::ranges::move(child.kill(), std::back_inserter(lines));
  return lines;
}

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  if (std::filesystem::exists(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      entries.push_back(entry.path());
    }
  }
  return entries;
}

bool is_remains(const std::filesystem::path& path) {
  return path.filename().string().starts_with(".mcdsl-snapshot-");
}

void expect_sound(ReadTransaction& transaction) {
  EXPECT_EQ(transaction.query_one<std::string>("PRAGMA integrity_check"), "ok");
  EXPECT_TRUE(transaction.query<std::string>("SELECT \"table\" FROM pragma_foreign_key_check").empty());
}

// What the child's migrations leave where they stop at a version; returns the version.
std::int64_t expect_a_whole_version(const std::filesystem::path& path) {
  return Database::open({.path = path, .readers = 1}).read([&](ReadTransaction& transaction) {
    expect_sound(transaction);
    const auto tables = transaction.query<std::string>("SELECT name FROM sqlite_schema WHERE name GLOB 't[0-9]*'");
    const auto version = std::ssize(tables);
    EXPECT_EQ(transaction.query<std::int64_t>("SELECT version FROM schema_migrations").size(), version);
    EXPECT_EQ(transaction.query_one<std::int64_t>("SELECT max(version) FROM schema_migrations"), version);
    EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM t1 WHERE step = ?1", version), 200);
    for (const std::string& table : tables) {
      EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM " + table), 200) << table;
    }
    return version;
  });
}

TEST(Crash, LosesNoWriteThatWasAcknowledged) {
  const int kRounds = scaled(100);
  int mid_work = 0;
  for (int round = 0; round < kRounds; ++round) {
    const TempDir folder;
    const auto path = folder / "notes.db";
    value_or_throw(Database::open({.path = path, .readers = 1}).write([](WriteTransaction& transaction) {
      return transaction.execute("CREATE TABLE notes (name TEXT PRIMARY KEY)");
    }));
    ChildProcess child("write-forever", path);  // FULL
    const auto acknowledged = kill_at_random(child, 100, 3ms);
    Database::open({.path = path, .readers = 1}).read([&](ReadTransaction& transaction) {
      expect_sound(transaction);
      const auto rows = transaction.query<std::string>("SELECT name FROM notes");
      const std::set<std::string> there(rows.begin(), rows.end());
      for (const std::string& name : acknowledged) {
        EXPECT_TRUE(there.contains(name)) << name;
      }
      mid_work += rows.size() > acknowledged.size() ? 1 : 0;
    });
  }
  RecordProperty("killed_between_commit_and_acknowledgement", mid_work);
}

TEST(Crash, LeavesAMigrationDoneOrUndoneAndItsSnapshotWholeOrAbsent) {
  constexpr int kSteps = 8;
  const int kRounds = scaled(200);
  const TempDir template_folder;
  ASSERT_EQ(ChildProcess("migrate", template_folder / "notes.db", "1").finish(), 0);
  int inside = 0;
  for (int round = 0; round < kRounds; ++round) {
    const TempDir folder;
    const auto path = folder / "notes.db";
    std::filesystem::copy_file(template_folder / "notes.db", path);
    ChildProcess child("migrate", path, std::to_string(kSteps));
    // Its lines: the database is open, the snapshot is taken, and one for each of the steps but the first.
    const auto log = kill_at_random(child, kSteps + 1, 3ms);
    const auto done = std::ranges::count_if(log, [](const std::string& line) { return line.contains("msg=migrated"); });
    const std::int64_t version = expect_a_whole_version(path);
    EXPECT_GE(version, 1 + done) << "what was logged is there";
    EXPECT_LE(version, 2 + done) << "and one step more at most";
    inside += version < kSteps ? 1 : 0;

    ChildProcess again("migrate", path, std::to_string(kSteps));
    EXPECT_EQ(again.finish(), 0) << again.errors();
    EXPECT_EQ(expect_a_whole_version(path), kSteps);
    for (const auto& backup : entries_of(folder / "backups")) {
      if (is_remains(backup)) {
        EXPECT_EQ(version, kSteps) << "removed by the next snapshot, which there was";
      } else {
        EXPECT_THAT(expect_a_whole_version(backup), ::testing::AnyOf(1, version)) << backup;
      }
    }
  }
  RecordProperty("killed_before_the_last_step", inside);
  EXPECT_GT(inside, 0);
}

TEST(Crash, LeavesASnapshotWholeOrAbsentAndItsRemainsGoWithTheNext) {
  const int kRounds = scaled(100);
  const TempDir folder;
  const auto path = folder / "notes.db";
  const auto backups = folder / "backups";
  std::filesystem::create_directory(backups);
  const Database database = Database::open({.path = path});
  value_or_throw(database.write([](WriteTransaction& transaction) {
    return transaction.execute(
        "CREATE TABLE notes AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
        "SELECT randomblob(500) AS body FROM n");
  }));
  int inside = 0;
  for (int round = 0; round < kRounds; ++round) {
    ChildProcess child("snapshot", path, backups.string());
    ASSERT_TRUE(child.read_line()) << child.errors();  // it has begun
    (void)kill_at_random(child, 3, 5ms);
    inside += std::ranges::any_of(entries_of(backups), is_remains) ? 1 : 0;
    database.snapshot(backups / "next.db");
    for (const auto& backup : entries_of(backups)) {
      EXPECT_FALSE(is_remains(backup)) << backup;
      Database::open({.path = backup, .readers = 1}).read([](ReadTransaction& transaction) {
        expect_sound(transaction);
        EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM notes"), 2000);
      });
      std::filesystem::remove(backup);
    }
  }
  RecordProperty("killed_inside_a_snapshot", inside);
  EXPECT_GT(inside, 0);
}

}  // namespace
}  // namespace mcdsl::db
