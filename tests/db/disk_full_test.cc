#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

using testing::TempDir;
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
  const std::int64_t written = fill();
  EXPECT_GT(written, 3);
  EXPECT_EQ(rows(), written);
  (void)fill();
  database_.emplace(Database::open({.path = folder_ / "notes.db"}));
  EXPECT_GE(rows(), written);
}

TEST_F(FullDisk, StopsASnapshotAndLeavesNothingOfIt) {
  (void)fill();
  std::filesystem::create_directory(folder_ / "backups");
  expect_full([&] { database_->snapshot(folder_ / "backups" / "copy.db"); });
  EXPECT_THAT(files_in(folder_ / "backups"), UnorderedElementsAre());
}

TEST_F(FullDisk, StopsAMigrationBeforeItsStep) {
  value_or_throw(insert(100));
  std::vector<Migration> steps = kSteps;
  steps.push_back({.version = 2, .name = "large", .sql = "CREATE TABLE large AS SELECT randomblob(5000000) AS body"});
  expect_full([&] { database_->migrate(steps); });
  database_->read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<int>("SELECT max(version) FROM schema_migrations"), 1);
    EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'large'"), 0);
  });
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(insert(100), 1) << "what was taken is free again";
}

}  // namespace
}  // namespace mcdsl::db
