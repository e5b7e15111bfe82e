#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/net/internal/connection.h"
#include "mcdsl/net/internal/counters.h"
#include "mcdsl/net/internal/crew.h"
#include "mcdsl/net/internal/exchange.h"
#include "mcdsl/net/internal/listener.h"
#include "mcdsl/net/server.h"

namespace mcdsl::net {

/// What the loops of a server share.
struct LoopContext {
  const http::Application& application;
  const ServerOptions options;
  const log::Logger logger;
  const Clock& clock;
  std::vector<Listener> listeners{};
  std::atomic<std::size_t> listening_loops{0};  // the last one to stop listening closes the sockets
  std::atomic<std::size_t> open_connections{0};
  // Set before the first loop runs.
  Crew* crew = nullptr;
  Monitor* monitor = nullptr;
};

/// One event loop: an epoll, the connections it accepted, and the requests that wait for their handler.
///
/// Handlers run in `run`, from a queue, never inside an event callback. While one runs, the loop's `turn` is odd, and
/// another thread may take the loop by making it even: everything but the exchange in the handler is then that
/// thread's. A handler that returns to find the turn changed posts its answer and its thread leaves.
///
/// Threads: one owner at a time; `turn`, `try_take`, `post`, `stop` and `counters` are for any thread.
class Loop {
 public:
  explicit Loop(LoopContext& context);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs the loop as its owner. Returns when the loop is lost to another thread or finished.
  void run(Turn turn);

  [[nodiscard]] Turn turn() const noexcept { return turn_.load(std::memory_order_seq_cst); }

  /// Takes the loop from an owner that is in a handler since `turn`; the caller's turn is then `turn + 1`.
  [[nodiscard]] bool try_take(Turn turn) noexcept {
    return turn_.compare_exchange_strong(turn, turn + 1, std::memory_order_acq_rel);
  }

  /// Begins the drain.
  void stop() noexcept;

  /// The loop has a thread from now on.
  void mark_running();

  /// Waits until the loop is finished; at once where it never ran.
  void wait();

  /// The same until a deadline of the machine's clock. Whether the loop is finished.
  bool wait_until(std::chrono::steady_clock::time_point deadline);

  /// Whether a connection or an answer had to be cut.
  [[nodiscard]] bool has_cut() const noexcept { return has_cut_.load(std::memory_order_relaxed); }

  // For connections and listeners, on the owner's thread.
  [[nodiscard]] const http::Application& application() const noexcept { return context_.application; }
  [[nodiscard]] const ServerOptions& options() const noexcept { return context_.options; }
  [[nodiscard]] const log::Logger& logger() const noexcept { return context_.logger; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }
  [[nodiscard]] TimerWheel& wheel() noexcept { return wheel_; }
  [[nodiscard]] Clock::SteadyTime now() const noexcept { return now_; }
  [[nodiscard]] const std::string& date() const noexcept { return date_; }
  [[nodiscard]] std::span<char> read_buffer() noexcept { return read_buffer_; }

  void accepted(UniqueFd fd, http::Peer peer, const std::shared_ptr<void>& tls_context);
  void add(Pollable& target, int fd, std::uint32_t events);
  void modify(Pollable& target, int fd, std::uint32_t events);
  void forget(int fd) noexcept;
  void remove(Connection& connection);
  void submit(Exchange& exchange) { run_queue_.push_back(&exchange); }
  void abandon(std::unique_ptr<Exchange> exchange);
  void flush_later(Connection& connection);
  void count_paused(int change) noexcept { paused_sources_ += change; }

 private:
  class Waker;

  bool run_handlers(Turn& turn);
  bool run_handler(Exchange& exchange, Turn& turn);
  void deliver(Exchange& exchange);
  void post(Exchange& exchange);
  void take_answers();
  void flush_connections();
  void update_time();
  void poll();
  void begin_drain();
  void cut();
  [[nodiscard]] bool is_idle() const noexcept;

  LoopContext& context_;
  std::atomic<Turn> turn_{0};
  UniqueFd epoll_;
  std::unique_ptr<Waker> waker_;
  std::vector<std::unique_ptr<AcceptSource>> accept_sources_;

  Clock::SteadyTime now_;
  TimerWheel wheel_;
  std::int64_t date_second_ = -1;
  std::string date_;
  std::vector<char> read_buffer_;
  Counters counters_;

  std::list<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> graveyard_;  // closed; events of this round may still name them
  std::deque<Exchange*> run_queue_;
  std::unordered_map<Exchange*, std::unique_ptr<Exchange>> abandoned_;
  std::vector<Connection*> to_flush_;
  int paused_sources_ = 0;
  bool draining_ = false;
  Clock::SteadyTime cut_at_{};

  std::mutex mailbox_mutex_;
  std::vector<Exchange*> mailbox_;  // answers of handlers that lost the loop
  std::atomic<bool> stop_requested_{false};

  std::atomic<bool> has_cut_{false};
  std::mutex finished_mutex_;
  std::condition_variable finished_changed_;
  bool finished_ = true;
};

}  // namespace mcdsl::net
