#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeldWriter;
using testing::Scratch;
using testing::thrown_by;

struct NotesDatabase : Scratch {
  explicit NotesDatabase(config::Database wanted = {}) : Scratch(std::move(wanted)) {
    run("CREATE TABLE authors (name TEXT PRIMARY KEY)");
    run("CREATE TABLE notes (slug TEXT PRIMARY KEY, "
        "author TEXT REFERENCES authors DEFERRABLE INITIALLY DEFERRED)");
    run("CREATE TABLE counter (value INTEGER)");
    run("INSERT INTO counter VALUES (0)");
  }

  [[nodiscard]] std::vector<std::string> slugs() const {
    return database.read([](ReadTransaction& transaction) {
      return transaction.query<std::string>("SELECT slug FROM notes ORDER BY slug");
    });
  }
};

// A job that puts one note in.
auto inserting(std::string slug) {
  return [slug](WriteTransaction& transaction) {
    return transaction.execute("INSERT INTO notes (slug) VALUES (?1)", slug);
  };
}

TEST(WriteQueue, UndoesAJobThatReturnsAnError) {
  const NotesDatabase scratch;
  const auto result = scratch.database.write([](WriteTransaction& transaction) -> Result<int> {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
    return fail(Code::not_found, "the job's own words");
  });
  EXPECT_EQ(result.error().code(), Code::not_found);
  EXPECT_EQ(result.error().message(), "the job's own words");
  EXPECT_THAT(scratch.slugs(), ElementsAre());
}

TEST(WriteQueue, UndoesAJobThatThrowsAndRethrowsToItsCaller) {
  const NotesDatabase scratch;
  EXPECT_THROW((void)scratch.database.write([](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
    throw std::out_of_range("thrown by the job");
  }),
               std::out_of_range);
  EXPECT_THAT(scratch.slugs(), ElementsAre());
}

TEST(WriteQueue, ReturnsWhatTheJobReturns) {
  const NotesDatabase scratch;
  EXPECT_EQ(scratch.database.write([](WriteTransaction& /*transaction*/) { return std::string("text"); }), "text");
  auto moved = scratch.database.write([](WriteTransaction& /*transaction*/) { return std::make_unique<int>(7); });
  EXPECT_EQ(**moved, 7);
  EXPECT_TRUE(scratch.database.write([](WriteTransaction& /*transaction*/) {}));
  EXPECT_TRUE(scratch.database.write([](WriteTransaction& /*transaction*/) { return Result<void>(); }));
}

TEST(WriteQueue, LetsNoFailingJobHarmItsNeighboursInTheGroup) {
  const NotesDatabase scratch;
  HeldWriter held(scratch.database);
  auto first = held.add(inserting("first"));
  auto refused = held.add([](WriteTransaction& transaction) -> Result<void> {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('refused')"));
    return fail(Code::invalid_argument, "no");
  });
  auto middle = held.add(inserting("middle"));
  auto threw = held.add([](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('threw')"));
    throw std::runtime_error("no");
  });
  auto duplicate = held.add(inserting("first"));
  auto last = held.add(inserting("last"));
  held.release();
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(refused.get().error().code(), Code::invalid_argument);
  EXPECT_EQ(middle.get(), 1);
  EXPECT_THROW(threw.get().value(), std::runtime_error);
  EXPECT_EQ(duplicate.get().error().code(), Code::already_exists);
  EXPECT_EQ(last.get(), 1);
  EXPECT_THAT(scratch.slugs(), ElementsAre("first", "last", "middle"));
}

TEST(WriteQueue, BlamesABrokenDeferredForeignKeyOnItsOwnJobAlone) {
  const NotesDatabase scratch;
  const auto orphan = [](WriteTransaction& transaction) {
    return transaction.execute("INSERT INTO notes VALUES ('orphan', 'nobody')");
  };
  const auto mended = [](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes VALUES ('mended', 'ann')"));
    return transaction.execute("INSERT INTO authors VALUES ('ann')");
  };
  EXPECT_EQ(scratch.database.write(orphan).error().code(), Code::failed_precondition) << "alone";
  HeldWriter held(scratch.database);
  auto before = held.add(inserting("before"));
  auto broken = held.add(orphan);
  auto whole = held.add(mended);
  auto again = held.add(orphan);
  held.release();
  EXPECT_EQ(before.get(), 1);
  const auto verdict = broken.get();
  EXPECT_EQ(verdict.error().code(), Code::failed_precondition);
  EXPECT_THAT(verdict.error().message(), HasSubstr("foreign key"));
  EXPECT_EQ(whole.get(), 1);
  EXPECT_FALSE(again.get());
  EXPECT_THAT(scratch.slugs(), ElementsAre("before", "mended"));
}

TEST(WriteQueue, RunsTheOthersAgainWhereOneStatementRollsTheGroupBack) {
  const NotesDatabase scratch;
  scratch.run("INSERT INTO notes (slug) VALUES ('taken')");
  HeldWriter held(scratch.database);
  auto before = held.add(inserting("before"));
  auto culprit = held.add([](WriteTransaction& transaction) {
    return transaction.execute("INSERT OR ROLLBACK INTO notes (slug) VALUES ('taken')");
  });
  auto after = held.add(inserting("after"));
  held.release();
  EXPECT_EQ(before.get(), 1);
  EXPECT_EQ(culprit.get().error().code(), Code::already_exists);
  EXPECT_EQ(after.get(), 1);
  EXPECT_THAT(scratch.slugs(), ElementsAre("after", "before", "taken"));
}

TEST(WriteQueue, RunsJobsInTheOrderTheyCame) {
  const NotesDatabase scratch;
  std::vector<int> order;  // jobs run one at a time
  std::vector<std::future<Result<void>>> done;
  HeldWriter held(scratch.database);
  for (int i = 0; i < 20; ++i) {
    done.push_back(held.add([&order, i](WriteTransaction& /*transaction*/) { order.push_back(i); }));
  }
  held.release();
  for (auto& one : done) {
    EXPECT_TRUE(one.get());
  }
  EXPECT_EQ(order.size(), 20);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(WriteQueue, RefusesAJobWhenTheQueueIsFullAndTakesItLater) {
  const NotesDatabase scratch({.queue = 2});
  HeldWriter held(scratch.database);
  auto first = held.add(inserting("first"));
  auto second = held.add(inserting("second"));
  const auto refused = scratch.database.write(inserting("third"));
  EXPECT_EQ(refused.error().code(), Code::resource_exhausted);
  EXPECT_THAT(refused.error().message(), HasSubstr(scratch.settings.path.string()));
  held.release();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  EXPECT_TRUE(scratch.database.write(inserting("third")));
}

TEST(WriteQueue, RefusesAWriteInsideAWriteWhereItWouldWaitForItself) {
  const NotesDatabase scratch;
  const Error error = thrown_by([&] {
    (void)scratch.database.write(
        [&](WriteTransaction& /*transaction*/) { return scratch.database.write(inserting("inner")); });
  });
  EXPECT_EQ(error.code(), Code::internal);
  EXPECT_TRUE(scratch.database.write(inserting("after")));
}

TEST(WriteQueue, CommitsThoseThatWaitTogetherExceptWhereOneAsksForItsOwnTransaction) {
  const NotesDatabase scratch;
  const auto groups_for = [&](const WriteOptions& options) {
    const auto before = scratch.database.statistics().groups;
    HeldWriter held(scratch.database);
    std::vector<std::future<Result<std::int64_t>>> done;
    for (int i = 0; i < 5; ++i) {
      const auto slug = std::to_string(before) + "/" + std::to_string(i);
      done.push_back(held.add(inserting(slug), i == 2 ? options : WriteOptions()));
    }
    EXPECT_EQ(scratch.database.statistics().waiting_writes, 5);
    held.release();
    for (auto& one : done) {
      EXPECT_EQ(one.get(), 1);
    }
    return scratch.database.statistics().groups - before - 1;  // without the holder's
  };
  EXPECT_EQ(groups_for({}), 1);
  EXPECT_EQ(groups_for({.own_transaction = true}), 3);
  EXPECT_EQ(scratch.slugs().size(), 10);
}

TEST(WriteQueue, UndoesAJobInATransactionOfItsOwnWithoutHarmToItsNeighbours) {
  const NotesDatabase scratch;
  HeldWriter held(scratch.database);
  auto before = held.add(inserting("before"));
  auto alone = held.add(
      [](WriteTransaction& transaction) -> Result<void> {
        value_or_throw(inserting("alone")(transaction));
        return fail(Code::aborted, "wanted");
      },
      {.own_transaction = true});
  auto after = held.add(inserting("after"));
  held.release();
  EXPECT_EQ(before.get(), 1);
  EXPECT_EQ(alone.get().error().code(), Code::aborted);
  EXPECT_EQ(after.get(), 1);
  EXPECT_THAT(scratch.slugs(), ElementsAre("after", "before"));
}

TEST(WriteQueue, LogsAJobThatHeldTheOthersUpWithItsPlaceInTheProgram) {
  NotesDatabase scratch({.slow_job = std::chrono::seconds(2)});
  const auto write_for = [&](std::chrono::seconds time) {
    EXPECT_TRUE(scratch.database.write([&](WriteTransaction& /*transaction*/) { scratch.clock.advance(time); }));
  };
  write_for(std::chrono::seconds(1));
  EXPECT_FALSE(scratch.log.contains("level=warn"));
  write_for(std::chrono::seconds(2));
  EXPECT_THAT(scratch.log.text(), HasSubstr("origin=write_queue_test.cc:"));
}

TEST(WriteQueue, TakesMoreThanAGroupHolds) {
  constexpr int kJobs = 600;
  const NotesDatabase scratch;
  HeldWriter held(scratch.database);
  std::vector<std::future<Result<std::int64_t>>> done;
  for (int i = 0; i < kJobs; ++i) {
    done.push_back(held.add(inserting(std::to_string(i))));
  }
  held.release();
  for (auto& one : done) {
    EXPECT_EQ(one.get(), 1);
  }
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), kJobs);
}

TEST(WriteQueue, WorksForManyThreadsAtOnceWithoutLosingARow) {
  constexpr int kThreads = 64;
  constexpr int kEach = 200;
  const NotesDatabase scratch;
  std::latch start(kThreads);
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (int i = 0; i < kEach; ++i) {
          const auto inserted = scratch.database.write(inserting(std::to_string(thread) + "/" + std::to_string(i)));
          const auto counted = scratch.database.write([](WriteTransaction& transaction) {
            const auto value = transaction.query_one<std::int64_t>("SELECT value FROM counter").value();
            return transaction.execute("UPDATE counter SET value = ?1", value + 1);
          });
          failures += (inserted == 1 && counted == 1) ? 0 : 1;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), kThreads * kEach);
  EXPECT_EQ(scratch.get("SELECT value FROM counter"), kThreads * kEach);
}

TEST(WriteQueue, LetsManyFailingAndSucceedingJobsMix) {
  constexpr int kThreads = 16;
  constexpr int kEach = 60;
  const NotesDatabase scratch;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          const bool fails = i % 3 == 1;
          const auto result = scratch.database.write([&](WriteTransaction& transaction) -> Result<void> {
            value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES (?1)",
                                               std::to_string(thread) + "/" + std::to_string(i)));
            return fails ? Result<void>(fail(Code::aborted, "wanted")) : Result<void>();
          });
          wrong += result.has_value() == fails ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), kThreads * kEach * 2 / 3);
}

}  // namespace
}  // namespace mcdsl::db
