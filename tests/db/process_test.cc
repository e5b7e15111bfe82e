#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child_process.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"
#include "scale.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::TempDir;

constexpr Migration kNotes{.version = 1, .name = "notes", .sql = "CREATE TABLE notes (name TEXT PRIMARY KEY)"};

Result<std::int64_t> insert(const Database& database, std::string_view name) {
  return database.write(
      [&](WriteTransaction& transaction) { return transaction.execute("INSERT INTO notes VALUES (?1)", name); });
}

std::int64_t count(const Database& database) {
  return database.read(
      [](ReadTransaction& transaction) { return *transaction.query_one<std::int64_t>("SELECT count(*) FROM notes"); });
}

TEST(OtherProcess, ThatHoldsTheLockIsNamedAndNothingElseSuffers) {
  const TempDir folder;
  const auto path = folder / "notes.db";
  const Database database = Database::open({.path = path, .busy_timeout = 20ms});
  database.migrate({&kNotes, 1});
  ChildProcess holder("hold", path);
  ASSERT_EQ(holder.read_line(), "held");
  const auto refused = insert(database, "early");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr(path.string()));
  EXPECT_THAT(refused.error().message(), HasSubstr("process " + std::to_string(holder.pid()) + " (db_child)"));
  EXPECT_EQ(count(database), 0) << "reads go on";
  EXPECT_TRUE(database.ping());
  EXPECT_EQ(holder.finish(), 0);
  EXPECT_EQ(insert(database, "late"), 1);
  EXPECT_EQ(count(database), 1);
}

TEST(OtherProcess, ThatHoldsTheLockForAWhileIsWaitedFor) {
  const TempDir folder;
  const Database database = Database::open({.path = folder / "notes.db", .busy_timeout = 5min});
  database.migrate({&kNotes, 1});
  ChildProcess holder("hold", folder / "notes.db");
  ASSERT_EQ(holder.read_line(), "held");
  Result<std::int64_t> written = 0;
  std::jthread writer([&] { written = insert(database, "patient"); });
  EXPECT_EQ(holder.finish(), 0);
  writer.join();
  EXPECT_EQ(written, 1);
}

TEST(OtherProcess, ThatStandsStillInsideAWriteIsNamedAndItsWorkGoesOnWithIt) {
  const TempDir folder;
  const auto path = folder / "notes.db";
  const Database database = Database::open({.path = path, .busy_timeout = 20ms});
  database.migrate({&kNotes, 1});
  ChildProcess holder("hold-inside", path);
  ASSERT_EQ(holder.read_line(), "held");
  holder.stop();
  for (const char* name : {"one", "two"}) {
    const auto refused = insert(database, name);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_THAT(refused.error().message(), HasSubstr("process " + std::to_string(holder.pid()) + " (db_child)"));
  }
  EXPECT_EQ(count(database), 0) << "reads go on";
  database.snapshot(folder / "copy.db");
  holder.resume();
  EXPECT_EQ(holder.finish(), 0) << holder.errors();
  EXPECT_EQ(count(database), 1) << "what the holder wrote";
  EXPECT_EQ(insert(database, "late"), 1);
}

// Eight processes at once, fifty times; `prepare` makes the database that they find.
void migrate_at_once(const std::function<void(const std::filesystem::path&)>& prepare) {
  constexpr int kProcesses = 8;
  constexpr int kSteps = 3;
  const int kRounds = scaled(50);
  for (int round = 0; round < kRounds; ++round) {
    const TempDir folder;
    prepare(folder / "notes.db");
    std::vector<std::unique_ptr<ChildProcess>> children;
    for (int i = 0; i < kProcesses; ++i) {
      children.push_back(std::make_unique<ChildProcess>("migrate", folder / "notes.db", std::to_string(kSteps)));
    }
    std::ptrdiff_t migrated = 0;
    for (const auto& child : children) {
      EXPECT_EQ(child->finish(), 0) << child->errors();
      migrated += std::ranges::count_if(child->rest(), [](const auto& line) { return line.contains("msg=migrated"); });
    }
    EXPECT_EQ(migrated, kSteps);
    const Database database = Database::open({.path = folder / "notes.db", .readers = 1});
    database.read([&](ReadTransaction& transaction) {
      EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM schema_migrations"), kSteps);
      EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM t3"), 200);
    });
  }
}

TEST(OtherProcesses, MigrateAtOnceAndRunEachStepOnce) {
  migrate_at_once([](const std::filesystem::path& path) { (void)Database::open({.path = path}); });
}

TEST(OtherProcesses, CreateAndMigrateAtOnceAndRunEachStepOnce) {
  migrate_at_once([](const std::filesystem::path& /*path*/) {});
}

TEST(OtherUser, WhoMayNotChangeTheModeGetsAWarningAndTheDatabase) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can become another user";
  }
  const TempDir folder;
  const auto path = folder / "notes.db";
  Database::open({.path = path}).migrate({&kNotes, 1});
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  ChildProcess child("open-as-nobody", path);
  EXPECT_EQ(child.read_line(), "written");
  EXPECT_EQ(child.finish(), 0);
  EXPECT_THAT(child.errors(), HasSubstr("level=warn"));
  EXPECT_THAT(child.errors(), HasSubstr("file=" + path.string()));
  EXPECT_EQ(count(Database::open({.path = path})), 1);
}

}  // namespace
}  // namespace mcdsl::db
