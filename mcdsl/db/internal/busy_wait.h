#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <utility>

#include <sqlite3.h>

namespace mcdsl::db::internal {

/// How a connection waits for a lock that another process holds: in naps of random length below a millisecond, until
/// the timeout. SQLite's own handler naps for up to 100 ms, in which a busy process takes the lock a hundred times.
/// Threads: those of its connection.
class BusyWait {
 public:
  explicit BusyWait(std::chrono::nanoseconds timeout) noexcept : timeout_(timeout) {}

  /// From now on, the timeout of `install`'s connection; returns the one before it.
  std::chrono::nanoseconds set_timeout(std::chrono::nanoseconds timeout) noexcept {
    return std::exchange(timeout_, timeout);
  }

  /// Waits a little; `is_first` begins a new wait. False when the timeout is over.
  bool nap(bool is_first) noexcept;

  /// Makes the connection wait in this way. Lifetime: outlives the connection.
  void install(sqlite3* connection) noexcept { sqlite3_busy_handler(connection, handle, this); }

 private:
  static int handle(void* self, int times) noexcept;

  std::chrono::nanoseconds timeout_;
  std::chrono::steady_clock::time_point start_{};
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace mcdsl::db::internal
