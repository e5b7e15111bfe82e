#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "mcdsl/base/log.h"
#include "mcdsl/base/result.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db::internal {

/// The one writer connection and the jobs that wait for it, in the order they came.
///
/// There is no writer thread: a writer that finds nobody at work does its own job itself. Those who come meanwhile
/// wait; when it has committed, the first of them takes all that wait and commits them as one group. So a lonely writer
/// pays for no hand-off, and many writers share one commit.
///
/// Threads: safe from any thread.
class WriteQueue {
 public:
  using Job = std::function<bool(WriteTransaction&)>;

  WriteQueue(const config::Database& settings, log::Logger logger);
  /// Waits for the jobs that were taken.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// Runs the job and returns when its fate is decided. Rethrows what the job threw.
  [[nodiscard]] Result<void> run(const Job& job);

 private:
  struct Waiter;

  /// Whether the caller leads at once; else it waits to be told.
  [[nodiscard]] Result<bool> enqueue(Waiter& self);
  void lead(Waiter& self);
  void commit(const std::vector<Waiter*>& group);
  void commit_without(const std::vector<Waiter*>& group, const Waiter* failed);
  void run_job(Waiter& waiter);
  void refuse(Waiter& waiter, Code code, const char* why) const;
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Error busy_error(int code) const;
  void roll_back(std::string_view sql);
  [[nodiscard]] Error give_up(std::string_view doing);
  static void fail_all(const std::vector<Waiter*>& group, const Error& error);

  const config::Database settings_;
  const log::Logger logger_;
  Connection connection_;

  std::mutex mutex_;
  bool leading_ = false;      // somebody uses the connection
  std::thread::id leader_{};  // who, while jobs run
  std::condition_variable idle_;
  std::deque<Waiter*> waiters_;
};

}  // namespace mcdsl::db::internal
