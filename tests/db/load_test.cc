#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "child_process.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/temp_dir.h"
#include "scale.h"

namespace mcdsl::db {
namespace {

using testing::TempDir;

constexpr int kThreads = 64;

void run(const Database& database, std::string_view sql) {
  value_or_throw(database.write([&](WriteTransaction& transaction) { return transaction.execute(sql); }));
}

std::int64_t get(const Database& database, std::string_view sql) {
  return database.read([&](ReadTransaction& transaction) { return *transaction.query_one<std::int64_t>(sql); });
}

// 64 threads that start together; returns when all have ended.
template <class Work>
void on_all_threads(Work work) {
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      start.arrive_and_wait();
      work(thread);
    });
  }
}

// Runs a script by SQLite's own command line program, again and again until it is told to stop.
class SqliteProgram {
 public:
  SqliteProgram(const TempDir& folder, const std::string& name, const std::string& statement, int times)
      : database_(folder / "notes.db") {
    std::string script = ".timeout 60000\n";
    for (int i = 0; i < times; ++i) {
      script += statement + ";\n";
    }
    script_ = folder.write(name, script);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void stop() {
    thread_.request_stop();
    thread_.join();
  }

  // Of the runs together, after `stop`.
  [[nodiscard]] int runs() const noexcept { return runs_; }
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
  [[nodiscard]] const std::string& errors() const noexcept { return errors_; }

 private:
  void run(const std::stop_token& stop) {
    do {
      ChildProcess program({"sqlite3", "-batch", "-bail", database_.string(), ".read " + script_.string()});
      const int code = program.finish();
      errors_ += program.errors() + (code == 0 ? "" : "exit code " + std::to_string(code) + "\n");
      std::ranges::move(program.rest(), std::back_inserter(lines_));
      ++runs_;
    } while (!stop.stop_requested());
  }

  std::filesystem::path database_;
  std::filesystem::path script_;
  int runs_ = 0;
  std::vector<std::string> lines_;
  std::string errors_;
  std::jthread thread_;
};

// At NORMAL a commit is over so soon that a wrong design passes by luck.
TEST(Load, Of64ThreadsBesideForeignProgramsLosesNothingAndMeetsNoBusyError) {
  const int kEach = scaled(10'000);
  constexpr int kInsertsOfARun = 20;
  const TempDir folder;
  const Database database = Database::open({.path = folder / "notes.db", .synchronous = config::Synchronous::full});
  run(database, "CREATE TABLE notes (thread INTEGER, i INTEGER, PRIMARY KEY (thread, i)) WITHOUT ROWID");
  run(database, "CREATE TABLE outside (id INTEGER PRIMARY KEY)");
  SqliteProgram writer(folder, "write.sql", "INSERT INTO outside DEFAULT VALUES", kInsertsOfARun);
  SqliteProgram reader(folder, "read.sql", "SELECT count(*) FROM outside", 100);
  std::atomic<int> failures = 0;
  on_all_threads([&](int thread) {
    for (int i = 0; i < kEach; ++i) {
      const auto inserted = database.write([&](WriteTransaction& transaction) {
        return transaction.execute("INSERT INTO notes VALUES (?1, ?2)", thread, i);
      });
      if (inserted != 1) {
        ++failures;
        ADD_FAILURE() << inserted.error().to_string();
      }
    }
  });
  writer.stop();
  reader.stop();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(get(database, "SELECT count(*) FROM notes"), std::int64_t{kThreads} * kEach);
  EXPECT_EQ(writer.errors(), "");
  EXPECT_EQ(reader.errors(), "");
  EXPECT_EQ(get(database, "SELECT count(*) FROM outside"), writer.runs() * kInsertsOfARun);
  std::vector<std::int64_t> counts;
  std::ranges::transform(reader.lines(), std::back_inserter(counts), [](const auto& line) { return std::stoll(line); });
  EXPECT_EQ(std::ssize(counts), reader.runs() * 100);
  EXPECT_TRUE(std::ranges::is_sorted(counts)) << "a later read sees no less";
  RecordProperty("runs_of_the_foreign_writer", writer.runs());
}

TEST(Load, Of64ThreadsThatReadAndWriteBackCountsEveryOneAndNoFailedOne) {
  const int kEach = scaled(1'000);
  const TempDir folder;
  const Database database = Database::open({.path = folder / "notes.db"});
  run(database, "CREATE TABLE counter (value INTEGER)");
  run(database, "INSERT INTO counter VALUES (0)");
  std::atomic<int> wrong = 0;
  on_all_threads([&](int /*thread*/) {
    const auto increment = [&](bool keep) {
      return database.write([&](WriteTransaction& transaction) -> Result<void> {
        const auto value = transaction.query_one<std::int64_t>("SELECT value FROM counter").value();
        value_or_throw(transaction.execute("UPDATE counter SET value = ?1", value + 1));
        return keep ? Result<void>() : fail(Code::aborted, "wanted");
      });
    };
    for (int i = 0; i < kEach; ++i) {
      wrong += increment(true) ? 0 : 1;
      if (i % 4 == 0) {
        wrong += increment(false) ? 1 : 0;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(get(database, "SELECT value FROM counter"), std::int64_t{kThreads} * kEach);
}

TEST(Load, OfFourProcessesOf16ThreadsGivesEveryThreadItsTurns) {
  constexpr int kProcesses = 4;
  const int kTurns = scaled(100);
  const TempDir folder;
  const Database database = Database::open({.path = folder / "notes.db"});
  run(database, "CREATE TABLE notes (name TEXT PRIMARY KEY)");
  run(database, "CREATE TABLE turns (process TEXT, thread INTEGER, count INTEGER, PRIMARY KEY (process, thread))");
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(std::make_unique<ChildProcess>("take-turns", folder / "notes.db", std::to_string(i)));
  }
  // Nobody stops before everybody has had this many.
  EXPECT_TRUE(testing::eventually(
      [&] {
        return get(database, "SELECT count(*) FROM turns WHERE count >= " + std::to_string(kTurns)) ==
               kProcesses * kThreads / 4;
      },
      std::chrono::minutes(5)));
  std::int64_t acknowledged = 0;
  for (const auto& child : children) {
    EXPECT_EQ(child->finish(), 0) << child->errors();
    for (const std::string& line : child->rest()) {
      acknowledged += std::stoll(line);
    }
  }
  EXPECT_EQ(get(database, "SELECT count(*) FROM notes"), acknowledged);
  EXPECT_EQ(get(database, "SELECT sum(count) FROM turns"), acknowledged);
}

}  // namespace
}  // namespace mcdsl::db
