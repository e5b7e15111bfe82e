#include "mcdsl/db/internal/housekeeper.h"

#include <filesystem>
#include <source_location>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr int kMegabyte = 1'000'000;

// A database whose housekeeper has no thread: the test is its thread.
class House : public ::testing::Test {
 protected:
  House() { write("CREATE TABLE notes (body BLOB)"); }

  void write(std::string_view sql) {
    value_or_throw(writer_.run(
        [&](Connection& connection) {
          value_or_throw(WriteTransaction(connection).execute(sql));
          return true;
        },
        {}, std::source_location::current()));
  }
  void write_bytes(int bytes) { write("INSERT INTO notes VALUES (randomblob(" + std::to_string(bytes) + "))"); }

  // A read that stands on the state of now, and its place in this file.
  PooledReader& begin_to_read() {
    PooledReader& reader = readers_.acquire(std::source_location::current());
    (void)ReadTransaction(reader.connection).query_one<int>("SELECT count(*) FROM notes");
    return reader;
  }

  [[nodiscard]] std::uintmax_t size_of(const char* suffix) const {
    return std::filesystem::file_size(settings_.path.string() + suffix);
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::LogCapture log_;
  mcdsl::testing::ManualClock clock_;
  config::Database settings_{.path = folder_ / "notes.db", .readers = 2, .slow_job = 10s};
  WriteQueue writer_{settings_, {.logger = log_.logger(), .clock = clock_}};
  ReaderPool readers_{settings_, {.logger = log_.logger(), .clock = clock_}};
  Housekeeper housekeeper_{settings_, {.logger = log_.logger(), .clock = clock_}, writer_, readers_};
};

TEST_F(House, HasNothingToDoBeforeTheFirstWrite) {
  WriteQueue writer({.path = folder_ / "other.db"}, {});
  ReaderPool readers({.path = folder_ / "other.db"}, {});
  EXPECT_FALSE(Housekeeper({.path = folder_ / "other.db"}, {}, writer, readers).look());
}

TEST_F(House, BringsALongLogHome) {
  write_bytes(8 * kMegabyte);
  EXPECT_LT(size_of(""), kMegabyte) << "no writer did";
  EXPECT_TRUE(housekeeper_.look());
  EXPECT_GT(size_of(""), 8 * kMegabyte);
}

TEST_F(House, LeavesAShortLogAlone) {
  write_bytes(kMegabyte);
  EXPECT_TRUE(housekeeper_.look());
  EXPECT_LT(size_of(""), kMegabyte);
}

TEST_F(House, EmptiesTheLogWhenNobodyWritesAnyMore) {
  write_bytes(kMegabyte);
  while (housekeeper_.look()) {
    EXPECT_GT(size_of("-wal"), kMegabyte);
  }
  EXPECT_EQ(size_of("-wal"), 0);
  EXPECT_GT(size_of(""), kMegabyte);
  write_bytes(1);
  EXPECT_GT(size_of("-wal"), 0);
}

TEST_F(House, DoesNotEmptyTheLogUnderAReader) {
  PooledReader& reader = begin_to_read();
  write_bytes(kMegabyte);
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(housekeeper_.look());
  }
  EXPECT_GT(size_of("-wal"), kMegabyte);
  readers_.release(reader);
  while (housekeeper_.look()) {
  }
  EXPECT_EQ(size_of("-wal"), 0);
}

TEST_F(House, BeginsTheLogAnewPastItsBoundOnceReadersAllowIt) {
  PooledReader& reader = begin_to_read();
  for (int i = 0; i < 9; ++i) {
    write_bytes(8 * kMegabyte);
  }
  const auto pages = writer_.wal_pages();
  EXPECT_TRUE(housekeeper_.look());
  EXPECT_THAT(log_.text(), HasSubstr("log grows"));
  EXPECT_THAT(log_.text(), HasSubstr("reader=housekeeper_test.cc:"));
  write_bytes(1);
  EXPECT_GT(writer_.wal_pages(), pages) << "the reader stands in it";
  readers_.release(reader);

  // The next attempt comes when the log has grown by a quarter, not with every write.
  while (writer_.wal_pages() < pages + pages / 4) {
    write_bytes(8 * kMegabyte);
  }
  EXPECT_TRUE(housekeeper_.look());
  write_bytes(1);
  EXPECT_LT(writer_.wal_pages(), 100);
  EXPECT_LE(size_of("-wal"), 64 << 20);
}

TEST_F(House, NamesAReadThatLastsOnce) {
  PooledReader& reader = begin_to_read();
  (void)housekeeper_.look();
  EXPECT_FALSE(log_.contains("level=warn"));
  clock_.advance(10s);
  (void)housekeeper_.look();
  (void)housekeeper_.look();
  readers_.release(reader);
  const std::string text = log_.text();
  EXPECT_THAT(text, HasSubstr("origin=housekeeper_test.cc:"));
  EXPECT_EQ(text.find("level=warn"), text.rfind("level=warn"));
}

}  // namespace
}  // namespace mcdsl::db::internal
