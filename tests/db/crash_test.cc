#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "child_process.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using testing::TempDir;

// Kills for each test; more by MCDSL_CRASH_ROUNDS.
int rounds() {
  const char* wanted = std::getenv("MCDSL_CRASH_ROUNDS");
  return wanted != nullptr ? std::max(1, std::atoi(wanted)) : 15;
}

int random_below(int limit) {
  static std::mt19937 generator(std::random_device{}());
  return std::uniform_int_distribution(0, limit - 1)(generator);
}

void expect_sound(ReadTransaction& transaction) {
  EXPECT_EQ(transaction.query_one<std::string>("PRAGMA integrity_check"), "ok");
  EXPECT_TRUE(transaction.query<std::string>("SELECT \"table\" FROM pragma_foreign_key_check").empty());
}

TEST(Crash, LosesNoWriteThatWasAcknowledged) {
  const TempDir folder;
  const auto path = folder / "notes.db";
  value_or_throw(Database::open({.path = path}).write([](WriteTransaction& transaction) {
    return transaction.execute("CREATE TABLE notes (name TEXT PRIMARY KEY)");
  }));
  std::size_t acknowledged = 0;
  for (int round = 0; round < rounds(); ++round) {
    ChildProcess child("write-forever", path, std::to_string(round));
    std::vector<std::string> written;
    for (int lines = 1 + random_below(200); lines > 0; --lines) {
      written.push_back(child.read_line().value());
    }
    const auto rest = child.kill();
    written.insert(written.end(), rest.begin(), rest.end());
    acknowledged += written.size();
    Database::open({.path = path}).read([&](ReadTransaction& transaction) {
      expect_sound(transaction);
      const auto rows = transaction.query<std::string>("SELECT name FROM notes");
      const std::set<std::string> there(rows.begin(), rows.end());
      for (const std::string& name : written) {
        EXPECT_TRUE(there.contains(name)) << name;
      }
      EXPECT_GE(rows.size(), acknowledged);
    });
  }
}

TEST(Crash, LeavesAMigrationDoneOrUndone) {
  constexpr int kSteps = 12;
  for (int round = 0; round < rounds(); ++round) {
    const TempDir folder;
    ChildProcess child("migrate", folder / "notes.db", std::to_string(kSteps));
    std::vector<std::string> log;
    for (int lines = random_below(kSteps); lines > 0; --lines) {
      log.push_back(child.read_line().value());
    }
    const auto rest = child.kill();
    log.insert(log.end(), rest.begin(), rest.end());
    const auto done = std::ranges::count_if(log, [](const std::string& line) { return line.contains("msg=migrated"); });
    Database::open({.path = folder / "notes.db"}).read([&](ReadTransaction& transaction) {
      expect_sound(transaction);
      const auto tables = transaction.query<std::string>("SELECT name FROM sqlite_schema WHERE name GLOB 't[0-9]*'");
      const auto recorded =
          tables.empty() ? 0 : *transaction.query_one<std::int64_t>("SELECT count(*) FROM schema_migrations");
      EXPECT_EQ(std::ssize(tables), recorded);
      EXPECT_GE(recorded, done);
      for (const std::string& table : tables) {
        EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM " + table), 200);
      }
    });
    ChildProcess again("migrate", folder / "notes.db", std::to_string(kSteps));
    EXPECT_EQ(again.finish(), 0) << again.errors();
  }
}

TEST(Crash, LeavesASnapshotWholeOrAbsentAndItsRemainsGoWithTheNext) {
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
  for (int round = 0; round < rounds(); ++round) {
    ChildProcess child("snapshot", path, backups.string());
    for (int lines = 1 + random_below(3); lines > 0; --lines) {
      ASSERT_TRUE(child.read_line()) << child.errors();
    }
    (void)child.read_line(std::chrono::milliseconds(random_below(30)));
    child.kill();
    for (const auto& entry : std::filesystem::directory_iterator(backups)) {
      if (entry.path().extension() == ".db") {
        Database::open({.path = entry.path()}).read([](ReadTransaction& transaction) {
          expect_sound(transaction);
          EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM notes"), 2000);
        });
        std::filesystem::remove(entry.path());
      }
    }
  }
  database.snapshot(backups / "last.db");
  const auto entries = std::filesystem::directory_iterator(backups);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

}  // namespace
}  // namespace mcdsl::db
