#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <thread>

#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/result.h"
#include "mcdsl/db/database.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/futex.h"

namespace mcdsl::db::internal {

/// The one writer connection and the jobs that wait for it, in the order they came.
///
/// There is no writer thread: a writer that finds nobody at work leads, that is, does its own job itself. Those who
/// come meanwhile form a batch; when the leader has committed, it takes the batch and commits it in one group, and so
/// on for a moment; then the first of the next batch leads in its place. So a lonely writer pays for no hand-off, and
/// many writers share one commit and one call that wakes them.
///
/// Threads: safe from any thread.
class WriteQueue {
 public:
  /// Returns whether its changes stay.
  using Job = FunctionRef<bool(Connection&)>;

  WriteQueue(const config::Database& settings, const Dependencies& dependencies);
  /// Waits for the jobs that were taken.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  /// Runs the job in a transaction and returns when its fate is decided. Rethrows what the job threw.
  [[nodiscard]] Result<void> run(Job job, const WriteOptions& options, const std::source_location& origin);

  /// Runs work on the connection in its turn, outside of a transaction. Rethrows what it threw. Errors:
  /// resource_exhausted where the queue is full.
  [[nodiscard]] Result<void> run_outside(FunctionRef<void(Connection&)> work);

  /// Whether other processes have the database open. If so, the queue pauses now and then: they poll for the lock and
  /// would never find it free.
  void make_room_for_others(bool others) noexcept { makes_room_ = others; }

  /// Counts since the start, and the size of the log after the last commit.
  [[nodiscard]] std::uint64_t writes() const noexcept { return writes_; }
  [[nodiscard]] std::uint64_t groups() const noexcept { return groups_; }
  [[nodiscard]] std::int64_t wal_pages() const noexcept { return connection_.wal_pages(); }
  [[nodiscard]] std::size_t waiting() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  enum class Sharing : std::uint8_t {
    group,           ///< a transaction that others share
    alone,           ///< one of its own
    no_transaction,  ///< the connection as it is
  };
  struct Waiter;
  /// Jobs in the order they came, linked by Waiter::next.
  struct Batch {
    Waiter* first = nullptr;
    Waiter* last = nullptr;
    std::size_t size = 0;
    std::uint32_t number = 0;
  };
  enum class Passed : std::uint8_t { all, none, all_but_one };

  [[nodiscard]] Result<void> take_part(Waiter& self);
  /// Whether the caller leads at once; else it stands in a batch.
  [[nodiscard]] Result<bool> enqueue(Waiter& self);
  void wait(const Waiter& self) noexcept;
  [[nodiscard]] Batch take_batch() noexcept;
  [[nodiscard]] Batch take_over();
  void lead(const Waiter& self, Batch batch);
  void release(const Batch& batch, const Waiter& self) noexcept;
  void make_room();

  void run_batch(const Batch& batch);
  void run_alone(Waiter& waiter);
  [[nodiscard]] bool commit(const Batch& group);
  void end_transaction(const Batch& group);
  [[nodiscard]] Passed run_jobs(const Batch& group);
  [[nodiscard]] bool run_in_savepoint(Waiter& waiter);
  void run_job(Waiter& waiter);
  void refuse(Waiter& waiter, Code code, const char* why) const;
  void roll_back(Control how);
  [[nodiscard]] Error give_up(std::string_view doing);
  static void fail_all(const Batch& batch, const Error& error);

  const config::Database settings_;
  const log::Logger logger_;
  const Clock& clock_;
  Connection connection_;  // the leader's
  SteadyTime last_pause_{};
  SteadyTime last_end_{};
  std::atomic<bool> makes_room_ = false;
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<std::uint64_t> groups_ = 0;

  mutable std::mutex mutex_;
  bool is_led_ = false;       // somebody uses the connection
  std::thread::id leader_{};  // who
  std::condition_variable idle_;
  Batch forming_;  // those who came since the last batch was taken

  // At most two batches have waiters, one at work and one forming: an even and an odd one. The first of a batch waits
  // apart from the others, since it may be the one that leads next.
  std::array<Futex, 2> done_;
  std::array<Futex, 2> first_called_;
  std::atomic<int> inside_ = 0;  // callers that have not left yet
};

}  // namespace mcdsl::db::internal
