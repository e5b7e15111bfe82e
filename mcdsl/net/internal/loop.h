#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/net/internal/blocking_routes.h"
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
  std::atomic<std::size_t> streaming{0};  // handlers that read or write a body that is on its way
  // Set before the first loop runs.
  Crew* crew = nullptr;
  Monitor* monitor = nullptr;
};

/// One event loop: an epoll, the connections it accepted, and the requests that wait for their handler.
///
/// Handlers run in `run`, from a queue, never inside an event callback. While one runs, the loop's `turn` is odd, and
/// another thread may take the loop by making it even: everything but the exchange in the handler is then that
/// thread's. A handler that returns to find the turn changed posts its answer and its thread leaves. Handlers of routes
/// that are known to block run on a spare thread from the start.
///
/// Threads: one owner at a time; `turn`, `try_take`, `serve_apart`, `stop`, `rounds`, `nudge`, the waits and `counters`
/// are for any thread. Errors: what goes wrong in a connection's own work (no memory, no room in epoll) ends that
/// connection alone.
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

  /// Runs the handler of an exchange that the owner lent, on any thread, and posts the answer.
  void serve_apart(Exchange& exchange) noexcept;

  /// Begins the drain.
  void stop() noexcept;

  /// The loop has a thread from now on.
  void mark_running();

  /// Waits until the loop is finished; at once where it never ran.
  void wait();

  /// The same until a deadline of the machine's clock. Whether the loop is finished.
  bool wait_until(std::chrono::steady_clock::time_point deadline);

  /// How often the loop has gone round; `nudge` has it go round once more, even where nothing happens.
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_relaxed); }
  void nudge() noexcept;

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

  /// Throws where there is no room for the connection.
  void accepted(UniqueFd fd, http::Peer peer, const std::shared_ptr<void>& tls_context);
  // These throw Exception where the system refuses.
  void add(Pollable& target, int fd, std::uint32_t events);
  void modify(Pollable& target, int fd, std::uint32_t events);
  void forget(int fd) noexcept;
  void remove(Connection& connection) noexcept;
  void submit(Exchange& exchange);
  /// From any thread: the exchange has news for its connection.
  void post(Exchange& exchange, News news) noexcept;
  void abandon(std::unique_ptr<Exchange> exchange) noexcept;
  /// Calls the connection's `attend` before the loop waits again.
  void attend_later(Connection& connection) { to_attend_.push_back(&connection); }
  void count_paused(int change) noexcept { paused_sources_ += change; }
  void report(std::string_view what, const std::exception& problem) const noexcept;

 private:
  class Waker;

  bool run_handlers(Turn& turn);
  [[nodiscard]] bool must_wait_for_a_thread() const noexcept;
  bool start_handler(Exchange& exchange, Turn& turn);
  bool run_handler(Exchange& exchange, Turn& turn);
  [[nodiscard]] bool lend_to_stream(Exchange& exchange) noexcept;
  void write_stream(Exchange& exchange) noexcept;
  void deliver(Exchange& exchange, News news);
  void turn_away(Exchange& exchange);
  void drop_abandoned(Exchange& exchange) noexcept;
  void forget_deadline(Exchange& exchange) noexcept;
  void end_overdue();
  void take_news();
  void attend_connections();
  void update_time();
  void poll();
  void begin_drain();
  void cut();
  [[nodiscard]] bool is_idle() const noexcept;

  LoopContext& context_;
  std::atomic<Turn> turn_{0};
  UniqueFd epoll_;
  std::unique_ptr<Waker> waker_;

  Clock::SteadyTime now_;
  TimerWheel wheel_;
  std::int64_t date_second_ = -1;
  std::string date_;
  std::vector<char> read_buffer_;
  Counters counters_;

  int paused_sources_ = 0;
  std::vector<std::unique_ptr<AcceptSource>> accept_sources_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::list<std::unique_ptr<Connection>> graveyard_;  // closed; events of this round may still name them
  std::vector<Connection*> to_attend_;
  std::vector<Connection*> attending_;
  ExchangeQueue run_queue_;
  Deadlines deadlines_;
  std::size_t abandoned_ = 0;  // exchanges whose connection has gone before their handler was done
  BlockingRoutes blocking_routes_;
  bool draining_ = false;
  Clock::SteadyTime cut_at_{};

  std::mutex mailbox_mutex_;
  ExchangeQueue mailbox_;  // of handlers that run without the loop
  std::vector<std::pair<Exchange*, News>> taken_news_;
  std::atomic<bool> stop_requested_{false};

  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<bool> has_cut_{false};
  std::mutex finished_mutex_;
  std::condition_variable finished_changed_;
  bool finished_ = true;
};

}  // namespace mcdsl::net
