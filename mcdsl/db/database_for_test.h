#pragma once

#include <filesystem>
#include <future>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

/// A database for a test, and ways to bring it into a known state.
namespace mcdsl::db::testing {

/// The error that `act` throws.
template <class Act>
[[nodiscard]] Error thrown_by(Act act) {
  try {
    act();
  } catch (const Exception& problem) {
    return problem.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Code::unknown, "nothing was thrown"};
}

/// A database in a folder of its own. Its clock stands at 2026-01-01T00:00:00Z.
struct Scratch {
  explicit Scratch(config::Database wanted = {})
      : settings(with_path(std::move(wanted), folder / "notes.db")), database(open()) {}

  [[nodiscard]] Database open() { return Database::open(settings, {.logger = log.logger(), .clock = clock}); }

  /// One statement in a transaction of its own.
  template <class... Parameters>
  void run(std::string_view sql, const Parameters&... parameters) const {
    value_or_throw(
        database.write([&](WriteTransaction& transaction) { return transaction.execute(sql, parameters...); }));
  }

  /// The one value that a query gives.
  template <class T = std::int64_t, class... Parameters>
  [[nodiscard]] T get(std::string_view sql, const Parameters&... parameters) const {
    return database.read(
        [&](ReadTransaction& transaction) { return transaction.query_one<T>(sql, parameters...).value(); });
  }

  mcdsl::testing::TempDir folder;
  mcdsl::testing::LogCapture log;
  mcdsl::testing::ManualClock clock;
  config::Database settings;
  Database database;

 private:
  static config::Database with_path(config::Database settings, const std::filesystem::path& path) {
    settings.path = path;
    return settings;
  }
};

/// Holds the database's writer until `release`, so that the jobs added meanwhile wait in this order and become one
/// group.
class HeldWriter {
 public:
  explicit HeldWriter(const Database& database) : database_(database) {
    holder_ = std::async(std::launch::async, [this] {
      value_or_throw(database_.write([this](WriteTransaction& /*transaction*/) {
        holding_.release();
        let_go_.acquire();
      }));
    });
    holding_.acquire();
  }
  ~HeldWriter() { release(); }
  HeldWriter(const HeldWriter&) = delete;
  HeldWriter& operator=(const HeldWriter&) = delete;

  /// Starts a write on a thread of its own and returns when it waits in the queue.
  template <class Job>
  [[nodiscard]] auto add(Job job, WriteOptions options = {}) {
    auto result = std::async(std::launch::async, [this, job, options] {
      Announcer announcer(waiting_);
      set_blocking_observer(&announcer);  // of this thread, which ends with the write
      return database_.write(job, options);
    });
    waiting_.acquire();
    return result;
  }

  void release() {
    if (holder_.valid()) {
      let_go_.release();
      holder_.get();
    }
  }

 private:
  // A writer says that it is about to wait once it stands in the queue.
  class Announcer final : public BlockingObserver {
   public:
    explicit Announcer(std::binary_semaphore& waiting) : waiting_(waiting) {}
    void about_to_block() noexcept override { waiting_.release(); }

   private:
    std::binary_semaphore& waiting_;
  };

  const Database& database_;
  std::binary_semaphore holding_{0};
  std::binary_semaphore let_go_{0};
  std::binary_semaphore waiting_{0};
  std::future<void> holder_;
};

}  // namespace mcdsl::db::testing
