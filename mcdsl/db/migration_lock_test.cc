#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/migration_for_test.h"
#include "mcdsl/testing/eventually.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeldWriter;
using ::testing::IsEmpty;
using testing::kAll;
using testing::Scratch;
using testing::thrown_by;
using testing::versions;

// A process that holds what `take` returns until it is told to end. Begin it before there are threads.
class OtherProcess {
 public:
  template <class Take>
  explicit OtherProcess(Take take) : id_(::fork()) {
    if (id_ == 0) {
      hold(take);
    }
    ready_.write.reset();
    char byte = 0;
    if (::read(ready_.read.get(), &byte, 1) != 1) {
      throw std::runtime_error("the other process does not hold what it was to take");
    }
  }
  ~OtherProcess() { end(); }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  void end() {
    if (end_.write) {
      end_.write.reset();
      ::waitpid(id_, nullptr, 0);
    }
  }

  // As the messages name it.
  [[nodiscard]] std::string name() const { return "process " + std::to_string(id_); }

 private:
  struct Pipe {
    UniqueFd read;
    UniqueFd write;

    Pipe() {
      std::array<int, 2> fds{};
      if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2");
      }
      read.reset(fds[0]);
      write.reset(fds[1]);
    }
  };

  template <class Take>
  [[noreturn]] void hold(Take take) {
    end_.write.reset();
    const auto taken = take();
    char byte = 0;
    const bool held = ::write(ready_.write.get(), &byte, 1) == 1 && ::read(end_.read.get(), &byte, 1) == 0;
    ::_exit(held ? 0 : 1);
  }

  Pipe ready_;
  Pipe end_;  // closed by the parent, or with it
  pid_t id_;
};

TEST(MigrationLock, IsWaitedForAndItsHolderNamedOnce) {
  const mcdsl::testing::TempDir folder;
  const config::Database settings{.path = folder / "notes.db"};
  OtherProcess other([&] {
    UniqueFd lock(::open((settings.path.string() + ".migrate-lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    ::flock(lock.get(), LOCK_EX);
    return lock;
  });
  const mcdsl::testing::LogCapture log;
  const Database database = Database::open(settings, {.logger = log.logger()});
  auto migrating = std::async(std::launch::async, [&] { database.migrate(kAll); });
  EXPECT_TRUE(mcdsl::testing::eventually([&] { return log.contains("waiting for another process"); }));
  const auto tables = [](ReadTransaction& transaction) {
    return transaction.query_one<int>("SELECT count(*) FROM sqlite_schema");
  };
  EXPECT_EQ(database.read(tables), 0);
  other.end();
  migrating.get();
  EXPECT_GT(database.read(tables), 0);
  database.migrate(kAll);  // a free lock is taken in silence
  const std::string text = log.text();
  EXPECT_THAT(text, HasSubstr("database=" + settings.path.string() + " holder=\"" + other.name()));
  EXPECT_EQ(text.find("waiting"), text.rfind("waiting"));
}

TEST(MigrationLock, IsNotTheWriteLockWhoseHolderIsNamedAfterTheTimeout) {
  const mcdsl::testing::TempDir folder;
  const config::Database settings{.path = folder / "notes.db", .busy_timeout = 1ms};
  OtherProcess other([&] {
    auto connection = std::make_unique<internal::Connection>(settings, internal::Connection::Role::writer);
    connection->control(internal::Control::begin_immediate);
    return connection;
  });
  const Database database = Database::open(settings);
  const Error error = thrown_by([&] { database.migrate(kAll); });
  EXPECT_EQ(error.code(), Code::unavailable);
  EXPECT_THAT(error.to_string(),
              AllOf(HasSubstr(settings.path.string()), HasSubstr("the write lock is held by " + other.name())));
  other.end();
  EXPECT_EQ(database.migrate(kAll).steps.size(), 3);
}

TEST(MigrationLock, IsAllThatIsTakenWhereNothingIsPending) {
  const Scratch scratch({.busy_timeout = 1ms});
  scratch.database.migrate(kAll);
  const HeldWriter held(scratch.database);
  EXPECT_THAT(scratch.database.migrate(kAll).steps, IsEmpty());
}

TEST(MigrationLock, LetsEachStepRunOnceHoweverManyDatabasesMigrateAtOnce) {
  const Scratch scratch;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        try {
          Database::open(scratch.settings).migrate(kAll);
        } catch (const std::exception& problem) {
          ADD_FAILURE() << problem.what();
        }
      });
    }
  }
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
}

}  // namespace
}  // namespace mcdsl::db
