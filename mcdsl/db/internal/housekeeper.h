#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "mcdsl/base/log.h"
#include "mcdsl/db/database.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/reader_pool.h"
#include "mcdsl/db/internal/write_queue.h"

namespace mcdsl::db::internal {

/// The thread that keeps the write-ahead log small, so that no writer has to: it brings the log home in the
/// background, begins it anew when it grows past a bound, and empties it when nobody writes. It also looks out for
/// other processes, and names reads that hold the log up. It sleeps while there is nothing to do.
///
/// Threads: `note_commit` is safe from any thread. Lifetime: the queue and the pool outlive it.
class Housekeeper {
 public:
  Housekeeper(const config::Database& settings, const Dependencies& dependencies, WriteQueue& writer,
              ReaderPool& readers);
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// Starts the thread.
  void start();

  /// After each write: wakes the thread where there is something for it to do.
  void note_commit() noexcept;

  /// One round of the thread's work, for the thread alone. Returns whether there may be more soon. Throws Exception for
  /// a disk that fails.
  bool look();

 private:
  void run(const std::stop_token& stop);
  void wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, bool is_busy);
  void bring_home(std::int64_t pages);
  void begin_anew(std::int64_t pages);
  [[nodiscard]] bool empty();
  [[nodiscard]] Connection::Checkpoint checkpoint_in_turn(Connection::CheckpointKind kind);

  const config::Database settings_;
  const log::Logger logger_;
  WriteQueue& writer_;
  ReaderPool& readers_;
  std::optional<Connection> connection_;  // from the first use on
  std::uint64_t seen_writes_ = 0;
  int idle_rounds_ = 0;
  std::int64_t next_attempt_;  // at a log so long, to begin it anew

  std::atomic<std::int64_t> home_ = 0;  // pages of the log that were looked after
  std::atomic<bool> sleeps_ = false;    // until somebody writes
  std::mutex mutex_;
  std::condition_variable_any called_;
  bool is_called_ = false;
  std::jthread thread_;  // the last: it uses all the others
};

}  // namespace mcdsl::db::internal
