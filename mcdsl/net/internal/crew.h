#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "mcdsl/base/log.h"

namespace mcdsl::net {

class Loop;
struct Exchange;

/// Who may run a loop: even while its owner runs loop code, odd while the owner is inside a handler. Every change makes
/// it larger, so a number never comes back: a handler that returns to find another one has lost the loop.
using Turn = std::uint64_t;

/// The threads that run loops and handlers. A loop is run by one of them at a time; one whose handler blocks loses its
/// loop to a spare thread and becomes a spare itself when the handler returns.
/// Threads: safe from any thread.
class Crew {
 public:
  /// Threads for `max_handlers` (at least 1) that block, started as they are needed, and for every loop at any time.
  Crew(std::size_t max_handlers, std::size_t loops, log::Logger logger);
  /// Waits for every thread; the loops must be finished.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Gives a new loop its first thread. Throws Exception where the system has no more threads.
  void start(Loop& loop);

  /// Takes the loop from its owner, which is in a handler since `turn` (odd), for a spare thread. Nothing happens if
  /// the handler has returned or no thread is left.
  void take_over(Loop& loop, Turn turn) noexcept;

  /// Has a spare thread run the handler of an exchange, which comes back to the loop as `Loop::serve_apart` says. False
  /// where the threads are needed for the loops.
  [[nodiscard]] bool lend(Loop& loop, Exchange& exchange) noexcept;

  /// Whether every loop could still be taken over: if not, a further handler that blocks might stop its loop.
  [[nodiscard]] bool has_reserve() const noexcept {
    return available_.load(std::memory_order_relaxed) >= static_cast<std::ptrdiff_t>(loops_);
  }

  [[nodiscard]] std::uint64_t takeovers() const noexcept { return takeovers_.load(std::memory_order_relaxed); }

 private:
  struct Assignment {
    Loop* loop;
    Turn turn;           // to run the loop with
    Exchange* exchange;  // to run its handler instead; or null
  };

  // These with mutex_ held.
  void add_thread();
  [[nodiscard]] bool provide_thread() noexcept;
  void assign(Assignment assignment) noexcept;
  void count_available() noexcept;

  void work();

  const std::size_t max_threads_;
  const std::size_t loops_;
  const log::Logger logger_;
  std::atomic<std::ptrdiff_t> available_;  // spare threads, and those that may still be started
  std::atomic<std::uint64_t> takeovers_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Assignment> assignments_;  // in order; never more than there are spares
  std::size_t spares_ = 0;
  std::size_t limit_;  // of threads: `max_threads_`, or what the system granted
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Looks about every half millisecond for handlers that have not come back and has their loops taken over. Sleeps while
/// no handler runs.
class Monitor {
 public:
  Monitor(Crew& crew, const std::vector<Loop*>& loops);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Called by a loop after it has entered a handler; nearly free unless the monitor sleeps.
  void notice() noexcept {
    if (asleep_.load(std::memory_order_seq_cst)) {
      wake();
    }
  }

 private:
  void watch();
  void wake() noexcept;
  bool look();  // whether any handler ran since the last look

  Crew& crew_;
  const std::vector<Loop*> loops_;
  std::vector<Turn> seen_;
  std::atomic<bool> asleep_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mcdsl::net
