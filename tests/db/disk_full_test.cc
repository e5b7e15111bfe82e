#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "mcdsl/db/database.h"
#include "mcdsl/db/database_for_test.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

using mcdsl::testing::TempDir;
using ::testing::HasSubstr;
using testing::HeldWriter;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// A disk of two mebibytes; needs privilege.
class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
      GTEST_SKIP() << "no privilege to mount a small disk";
    }
    is_mounted_ = true;
    database_.emplace(Database::open({.path = folder_ / "notes.db"}));
    database_->migrate(kSteps);
  }
  void TearDown() override {
    database_.reset();
    if (is_mounted_) {
      ::umount(folder_.path().c_str());
    }
  }

  [[nodiscard]] Result<std::int64_t> insert(int bytes) const {
    return database_->write([&](WriteTransaction& transaction) {
      return transaction.execute("INSERT INTO notes (body) VALUES (randomblob(?1))", bytes);
    });
  }

  // Writes until nothing fits; the number of rows that were acknowledged.
  [[nodiscard]] std::int64_t fill() const {
    for (std::int64_t rows = 0;; ++rows) {
      try {
        value_or_throw(insert(50'000));
      } catch (const Exception& problem) {
        EXPECT_EQ(problem.error().code(), Code::resource_exhausted) << problem.what();
        return rows;
      }
    }
  }

  [[nodiscard]] std::int64_t rows() const {
    return database_->read([](ReadTransaction& transaction) {
      EXPECT_EQ(transaction.query_one<std::string>("PRAGMA quick_check(1)"), "ok");
      return *transaction.query_one<std::int64_t>("SELECT count(*) FROM notes");
    });
  }

  template <class Act>
  static void expect_full(Act act) {
    try {
      act();
      ADD_FAILURE() << "it fitted";
    } catch (const Exception& problem) {
      EXPECT_EQ(problem.error().code(), Code::resource_exhausted) << problem.what();
    }
  }

  // Takes the room that is left, but for so many bytes.
  void take_room_but(std::uintmax_t bytes) const {
    const std::uintmax_t free = std::filesystem::space(folder_.path()).available;
    ASSERT_GT(free, bytes);
    std::ofstream(folder_ / "ballast") << std::string(free - bytes, 'x');
  }
  void give_room() const { std::filesystem::remove(folder_ / "ballast"); }

  // A migration that puts half a megabyte in.
  [[nodiscard]] static std::vector<Migration> steps_with_a_large_one() {
    std::vector<Migration> steps = kSteps;
    steps.push_back({.version = 2,
                     .name = "large",
                     .sql = "CREATE TABLE large (body BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                            "FROM n WHERE i < 500) INSERT INTO large SELECT randomblob(1000) FROM n"});
    return steps;
  }

  // What the program sees that finds no room for the migration; afterwards there is room.
  [[nodiscard]] std::string expect_no_room_for_migration() {
    const std::int64_t before = rows();
    std::string said;
    try {
      database_->migrate(steps_with_a_large_one());
      ADD_FAILURE() << "it fitted";
    } catch (const Exception& problem) {
      EXPECT_EQ(problem.error().code(), Code::resource_exhausted) << problem.what();
      said = problem.what();
    }
    database_->read([](ReadTransaction& transaction) {
      EXPECT_EQ(transaction.query_one<int>("SELECT max(version) FROM schema_migrations"), 1);
      EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'large'"), 0);
    });
    EXPECT_EQ(rows(), before);
    give_room();
    database_->migrate(steps_with_a_large_one());
    EXPECT_EQ(rows(), before);
    EXPECT_EQ(database_->read([](ReadTransaction& transaction) {
      return transaction.query_one<int>("SELECT count(*) FROM large");
    }),
              500);
    EXPECT_EQ(insert(100), 1);
    return said;
  }

  [[nodiscard]] std::vector<std::string> files_in(const std::filesystem::path& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  static inline const std::vector<Migration> kSteps{
      {.version = 1, .name = "notes", .sql = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB)"}};

  TempDir folder_;
  bool is_mounted_ = false;
  std::optional<Database> database_;
};

TEST_F(FullDisk, StopsWritesAndLosesNone) {
  take_room_but(500'000);
  const std::int64_t written = fill();
  EXPECT_GT(written, 3);
  EXPECT_EQ(rows(), written);
  const std::int64_t more = fill();  // what was written may have moved from the log to its place
  give_room();
  EXPECT_EQ(insert(50'000), 1) << "there is room again";
  EXPECT_EQ(rows(), written + more + 1);
  database_.emplace(Database::open({.path = folder_ / "notes.db"}));
  EXPECT_EQ(rows(), written + more + 1);
}

TEST_F(FullDisk, StopsTheJobOfAGroupThatNeedsTheRoomAndNotItsNeighbours) {
  take_room_but(300'000);
  HeldWriter held(*database_);
  const auto inserting = [](int bytes) {
    return [bytes](WriteTransaction& transaction) {
      return transaction.execute("INSERT INTO notes (body) VALUES (randomblob(?1))", bytes);
    };
  };
  auto before = held.add(inserting(10));
  auto large = held.add(inserting(20'000'000));  // more than the page cache holds: it reaches the disk at once
  auto after = held.add(inserting(10));
  held.release();
  EXPECT_EQ(before.get(), 1);
  expect_full([&] { value_or_throw(large.get()); });
  EXPECT_EQ(after.get(), 1);
  EXPECT_EQ(rows(), 2);
}

TEST_F(FullDisk, StopsASnapshotAndLeavesNothingOfIt) {
  for (int i = 0; i < 6; ++i) {
    value_or_throw(insert(50'000));
  }
  std::filesystem::create_directory(folder_ / "backups");
  const auto path = folder_ / "backups" / "copy.db";
  for (const std::uintmax_t room : {0U, 4096U, 40'000U, 200'000U, 300'000U}) {
    take_room_but(room);
    expect_full([&] { database_->snapshot(path); });
    EXPECT_THAT(files_in(folder_ / "backups"), UnorderedElementsAre()) << room;
    give_room();
  }
  database_->snapshot(path);
  EXPECT_THAT(files_in(folder_ / "backups"), UnorderedElementsAre("copy.db"));
  EXPECT_EQ(rows(), 6);
}

TEST_F(FullDisk, StopsAMigrationBeforeItsStep) {
  for (int i = 0; i < 4; ++i) {
    value_or_throw(insert(50'000));
  }
  take_room_but(100'000);
  EXPECT_THAT(expect_no_room_for_migration(), HasSubstr("copy " + (folder_ / "notes.db").string()));
  EXPECT_THAT(files_in(folder_ / "backups"), SizeIs(1)) << "the one of the second try";
}

TEST_F(FullDisk, StopsAMigrationInItsStep) {
  database_.reset();  // with a page cache that holds little, changes reach the disk before the commit
  database_.emplace(Database::open({.path = folder_ / "notes.db", .cache_kib = 64}));
  value_or_throw(insert(100));
  take_room_but(350'000);
  EXPECT_THAT(expect_no_room_for_migration(), HasSubstr("migration 2 (large)"));
}

TEST_F(FullDisk, StopsAMigrationAtItsCommit) {
  value_or_throw(insert(100));
  take_room_but(350'000);
  EXPECT_THAT(expect_no_room_for_migration(), HasSubstr("COMMIT"));
}

}  // namespace
}  // namespace mcdsl::db
