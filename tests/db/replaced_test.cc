#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/file.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

using testing::TempDir;

// A database whose file is taken away from under it: by a restore, or by somebody's hand.
class TakenAway : public ::testing::Test {
 protected:
  TakenAway() { value_or_throw(make_table(database_.value())); }

  [[nodiscard]] static Result<std::int64_t> make_table(const Database& database) {
    return database.write([](WriteTransaction& transaction) {
      return transaction.execute("CREATE TABLE notes (name TEXT PRIMARY KEY)");
    });
  }

  [[nodiscard]] static Result<std::int64_t> insert(const Database& database, std::string_view name) {
    return database.write(
        [&](WriteTransaction& transaction) { return transaction.execute("INSERT INTO notes VALUES (?1)", name); });
  }

  // A write is refused, or it is there for whoever opens the path afterwards, beside what was there.
  void expect_no_silent_loss(const std::vector<std::string>& of_the_other = {}) {
    std::vector<std::string> expected = of_the_other;
    try {
      if (insert(database_.value(), "late")) {
        expected.emplace_back("late");
      }
    } catch (const Exception& problem) {
      EXPECT_NE(problem.what(), std::string());
    }
    database_.reset();
    if (expected.empty()) {
      return;
    }
    const Database again = Database::open({.path = path_});
    again.read([&](ReadTransaction& transaction) {
      ASSERT_EQ(transaction.query_one<int>("SELECT count(*) FROM sqlite_schema WHERE name = 'notes'"), 1)
          << "the acknowledged write is gone, its table too";
      EXPECT_EQ(transaction.query<std::string>("SELECT name FROM notes ORDER BY name DESC"), expected);
    });
  }

  void remove_log() const {
    for (const char* suffix : {"-wal", "-shm"}) {
      std::filesystem::remove(path_.string() + suffix);
    }
  }

  // A database of its own with the row "of the other".
  [[nodiscard]] std::filesystem::path another() const {
    const Database other = Database::open({.path = folder_ / "other.db"});
    value_or_throw(make_table(other));
    value_or_throw(insert(other, "of the other"));
    return other.path();
  }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "notes.db";
  std::optional<Database> database_ = Database::open({.path = path_});
};

TEST_F(TakenAway, FileThatIsDeletedCostsNoWriteInSilence) {
  std::filesystem::remove(path_);
  expect_no_silent_loss();
}

TEST_F(TakenAway, FileThatIsDeletedWithItsLogCostsNoWriteInSilence) {
  remove_log();
  std::filesystem::remove(path_);
  expect_no_silent_loss();
}

TEST_F(TakenAway, FileThatIsMovedCostsNoWriteInSilence) {
  std::filesystem::rename(path_, folder_ / "moved.db");
  expect_no_silent_loss();
}

TEST_F(TakenAway, FileThatIsReplacedWithItsLogCostsNoWriteInSilence) {
  remove_log();
  std::filesystem::rename(another(), path_);
  expect_no_silent_loss({"of the other"});
}

TEST_F(TakenAway, LogThatIsDeletedCostsNoWriteInSilence) {
  remove_log();
  expect_no_silent_loss();
}

// The snapshot opens the path anew.
TEST_F(TakenAway, FileThatIsDeletedCannotBeCopied) {
  std::filesystem::remove(path_);
  EXPECT_THROW(database_->snapshot(folder_ / "copy.db"), Exception);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "copy.db"));
}

}  // namespace
}  // namespace mcdsl::db
