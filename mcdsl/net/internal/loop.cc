#include "mcdsl/net/internal/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/http/recover.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReadBufferBytes = std::size_t{64} << 10U;
constexpr int kHandlersPerRound = 64;  // then events have a turn: no connection's pipeline keeps the loop
constexpr auto kWorthAThread = 100us;  // a handler of this length is better off without the loop

[[noreturn]] void fail_system(const char* what, int errno_value) {
  throw Exception(Code::resource_exhausted, std::string(what) + ": " + errno_text(errno_value));
}

// RFC 9110 §5.6.7: IMF-fixdate, whatever the locale.
std::string http_date(std::time_t seconds) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text.data();
}

// Where the function that writes a body writes it. Puts the body into the pipe, and lets the head go before it.
class StreamWriter final : public http::BodyWriter {
 public:
  StreamWriter(BodyPipe& pipe, http::Response& response, std::function<void()> send_head)
      : pipe_(pipe), response_(response), send_head_(std::move(send_head)) {}

  void send_head() {
    if (const auto send = std::exchange(send_head_, nullptr)) {
      send();
    }
  }

  Result<void> write(std::string_view bytes) override {
    send_head();
    return pipe_.write(bytes);
  }
  http::Response& response() override { return response_; }

 private:
  BodyPipe& pipe_;
  http::Response& response_;
  std::function<void()> send_head_;
};

// What a handler answers, or the answer to what it threw.
template <class Handler>
http::Response answer_of(Handler handler) noexcept {
  try {
    return handler();
  } catch (...) {
    return http::response_to(std::current_exception());
  }
}

// Whether the handler has left the body to be written by a function. In answer to HEAD nobody calls it.
bool has_stream(const Exchange& exchange) {
  return exchange.response.stream && exchange.request.method() != http::Method::head;
}

// Installed while a handler runs: gives the loop away before the handler begins to wait.
class HandOver final : public BlockingObserver {
 public:
  HandOver(Crew& crew, Loop& loop, Turn turn) noexcept
      : crew_(crew), loop_(loop), turn_(turn), before_(set_blocking_observer(this)) {}
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;
  ~HandOver() override { set_blocking_observer(before_); }

  void about_to_block() noexcept override {
    if (loop_.turn() == turn_) {
      crew_.take_over(loop_, turn_);
    }
  }

 private:
  Crew& crew_;
  Loop& loop_;
  Turn turn_;
  BlockingObserver* before_;
};

}  // namespace

// Ends a wait of the loop from another thread.
class Loop::Waker final : public Pollable {
 public:
  Waker() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!fd_) {
      fail_system("eventfd", errno);
    }
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  void wake() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(fd_.get(), &one, sizeof one);  // fails only when it is set already
  }

  void on_event(std::uint32_t /*events*/) override {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  UniqueFd fd_;
};

Loop::Loop(LoopContext& context)
    : context_(context),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      waker_(std::make_unique<Waker>()),
      now_(context.clock.steady()),
      wheel_(now_),
      read_buffer_(kReadBufferBytes) {
  if (!epoll_) {
    fail_system("epoll_create1", errno);
  }
  add(*waker_, waker_->fd(), EPOLLIN);
  for (const Listener& listener : context.listeners) {
    accept_sources_.push_back(std::make_unique<AcceptSource>(*this, listener));
  }
  ++context.listening_loops;
  update_time();
}

Loop::~Loop() = default;

void Loop::add(Pollable& target, int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &target}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    fail_system("epoll_ctl", errno);
  }
}

void Loop::modify(Pollable& target, int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &target}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    fail_system("epoll_ctl", errno);
  }
}

void Loop::forget(int fd) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::run(Turn turn) {
  for (;;) {
    if (!run_handlers(turn)) {
      return;
    }
    take_news();
    if (stop_requested_.load(std::memory_order_acquire) && !draining_) {
      begin_drain();
    }
    wheel_.advance(now_);
    end_overdue();
    if (draining_ && now_ >= cut_at_) {
      cut();
    }
    attend_connections();
    graveyard_.clear();
    if (draining_ && is_idle()) {
      const std::scoped_lock lock(finished_mutex_);
      finished_ = true;
      finished_changed_.notify_all();
      return;
    }
    poll();
  }
}

bool Loop::run_handlers(Turn& turn) {
  for (int count = 0; count < kHandlersPerRound; ++count) {
    Exchange* exchange = run_queue_.pop();
    if (exchange == nullptr) {
      break;
    }
    if (exchange->connection == nullptr) {
      drop_abandoned(*exchange);
    } else if (!start_handler(*exchange, turn)) {
      return false;
    }
  }
  return true;
}

bool Loop::start_handler(Exchange& exchange, Turn& turn) {
  if (!context_.crew->has_reserve() || (exchange.request_body && !lend_to_stream(exchange))) {
    turn_away(exchange);
    return true;
  }
  ++counters_.requests;
  if (exchange.request_body) {
    return true;
  }
  if (blocking_routes_.is_blocking(exchange.request.route()) && context_.crew->lend(*this, exchange)) {
    return true;
  }
  return run_handler(exchange, turn);
}

bool Loop::run_handler(Exchange& exchange, Turn& turn) {
  turn_.store(++turn, std::memory_order_seq_cst);  // odd: others may take the loop
  context_.monitor->notice();
  {
    const HandOver hand_over(*context_.crew, *this, turn);
    exchange.response = answer_of([&] { return context_.application.serve(exchange.request); });
  }
  Turn expected = turn;
  if (!turn_.compare_exchange_strong(expected, turn + 1, std::memory_order_acq_rel)) {
    exchange.was_blocking = true;
    write_stream(exchange);
    post(exchange, {.done = true});
    return false;
  }
  ++turn;
  blocking_routes_.note_fast(exchange.request.route());
  if (!has_stream(exchange)) {
    deliver(exchange, {.done = true});
  } else if (!lend_to_stream(exchange)) {
    turn_away(exchange);
  }
  return true;
}

// Clients decide how long these take. So they never get all threads, or slow ones could stop the service.
bool Loop::lend_to_stream(Exchange& exchange) noexcept {
  const std::size_t most = std::max<std::size_t>(1, options().max_handler_threads * 3 / 4);
  if (!exchange.counts_as_streaming && context_.streaming.fetch_add(1) >= most) {
    --context_.streaming;
    return false;
  }
  exchange.counts_as_streaming = true;
  return context_.crew->lend(*this, exchange);
}

void Loop::turn_away(Exchange& exchange) {
  counters_.note(Limit::max_handler_threads);
  exchange.response = answer_of([] { return http::error(Error(Code::unavailable, "every handler thread is busy")); });
  deliver(exchange, {.done = true});
}

void Loop::serve_apart(Exchange& exchange) noexcept {
  const auto begin = context_.clock.steady();
  if (!has_stream(exchange)) {  // it may have been lent for that alone
    exchange.response = answer_of([&] { return context_.application.serve(exchange.request); });
  }
  exchange.was_blocking = context_.clock.steady() - begin >= kWorthAThread;
  write_stream(exchange);
  post(exchange, {.done = true});
}

// Writes the body that the handler left to be written, if it did.
void Loop::write_stream(Exchange& exchange) noexcept {
  if (!has_stream(exchange)) {
    return;
  }
  try {
    const auto produce = std::move(exchange.response.stream->produce);
    const bool late_head = exchange.response.stream->late_head;
    auto pipe = std::make_unique<BodyPipe>([this, &exchange] { post(exchange, {.moved = true}); });
    {
      const std::scoped_lock lock(mailbox_mutex_);
      if (exchange.is_cancelled) {
        pipe->fail(Error(Code::cancelled, "the client has gone"));
      }
      exchange.response_body = std::move(pipe);
    }
    StreamWriter writer(*exchange.response_body, exchange.response, [&] { post(exchange, {.has_head = true}); });
    if (!late_head) {
      writer.send_head();
    }
    if (const auto written = produce(writer); !written) {
      exchange.response_body->fail(written.error());
      logger().warn("a response was cut short", {{"error", written.error().message()}});
    }
  } catch (const std::exception& problem) {
    if (exchange.response_body) {
      exchange.response_body->fail(Error(Code::internal, problem.what()));
    }
    report("a response was cut short", problem);
  }
  if (exchange.response_body) {
    exchange.response_body->end();
  }
}

void Loop::submit(Exchange& exchange) {
  const http::BodyPlan& plan = exchange.plan;
  if (plan.timeout && *plan.timeout > 0ns) {
    // Not from `now_`, which is older: who counts from `plan` has to find its time over when this ends it.
    exchange.deadline = deadlines_.emplace(context_.clock.steady() + *plan.timeout, &exchange);
  }
  if (plan.stops) {
    exchange.stop = std::stop_source();
    exchange.request.set_stop_token(exchange.stop.get_token());
  }
  run_queue_.push(exchange);
}

void Loop::forget_deadline(Exchange& exchange) noexcept {
  if (const auto deadline = std::exchange(exchange.deadline, std::nullopt)) {
    deadlines_.erase(*deadline);
  }
}

void Loop::end_overdue() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_) {
    Exchange& exchange = *deadlines_.begin()->second;
    forget_deadline(exchange);
    exchange.stop.request_stop();
    exchange.connection->on_deadline(exchange);  // who has none has no deadline either
  }
}

void Loop::deliver(Exchange& exchange, News news) {
  if (news.done) {
    forget_deadline(exchange);
  }
  if (news.done && std::exchange(exchange.counts_as_streaming, false)) {
    --context_.streaming;
  }
  if (exchange.connection != nullptr) {
    exchange.connection->on_news(exchange, news);
  } else if (news.done) {
    drop_abandoned(exchange);
  }
}

void Loop::drop_abandoned(Exchange& exchange) noexcept {
  const std::unique_ptr<Exchange> owned(&exchange);
  --abandoned_;
}

void Loop::post(Exchange& exchange, News news) noexcept {
  // The lock is held over the wake-up: when it is free, the loop may finish and be destroyed.
  const std::scoped_lock lock(mailbox_mutex_);
  exchange.news.moved |= news.moved;
  exchange.news.has_head |= news.has_head;
  exchange.news.done |= news.done;
  if (!std::exchange(exchange.is_posted, true)) {
    mailbox_.push(exchange);
    waker_->wake();
  }
}

void Loop::take_news() {
  {
    const std::scoped_lock lock(mailbox_mutex_);
    while (Exchange* exchange = mailbox_.pop()) {
      exchange->is_posted = false;
      taken_news_.emplace_back(exchange, std::exchange(exchange->news, {}));
    }
  }
  for (const auto& [exchange, news] : taken_news_) {
    if (news.done && exchange->was_blocking) {
      blocking_routes_.note_blocked(exchange->request.route());
    } else if (news.done) {
      blocking_routes_.note_fast(exchange->request.route());
    }
    deliver(*exchange, news);
  }
  taken_news_.clear();
}

void Loop::abandon(std::unique_ptr<Exchange> exchange) noexcept {
  forget_deadline(*exchange);
  exchange->stop.request_stop();
  {
    const std::scoped_lock lock(mailbox_mutex_);
    exchange->is_cancelled = true;
    for (BodyPipe* pipe : {exchange->request_body.get(), exchange->response_body.get()}) {
      if (pipe != nullptr) {
        pipe->fail(Error(Code::cancelled, "the client has gone"));
      }
    }
  }
  exchange->connection = nullptr;
  ++abandoned_;
  // From here on a queue of the loop, or the thread in its handler, has the only pointer to it: see drop_abandoned.
  [[maybe_unused]] Exchange* left = exchange.release();
}

void Loop::accepted(UniqueFd fd, http::Peer peer, const std::shared_ptr<void>& tls_context) {
  ++counters_.accepted;
  if (context_.open_connections.load(std::memory_order_relaxed) >= options().max_connections) {
    counters_.note(Limit::max_connections);
    return;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(fd), std::move(peer), tls_context);
  connection->start();
  Connection& added = *connection;
  connections_.push_back(std::move(connection));
  added.place = std::prev(connections_.end());
  ++counters_.open;
  ++context_.open_connections;
}

void Loop::remove(Connection& connection) noexcept {
  std::erase(to_attend_, &connection);
  graveyard_.splice(graveyard_.end(), connections_, connection.place);
  --counters_.open;
  --context_.open_connections;
}

void Loop::attend_connections() {
  // Connections that ask again, and those that close meanwhile, wait for the next round.
  attending_.swap(to_attend_);
  for (Connection* connection : attending_) {
    connection->attend();
  }
  attending_.clear();
}

void Loop::report(std::string_view what, const std::exception& problem) const noexcept {
  try {
    logger().warn(what, {{"error", problem.what()}});
  } catch (...) {
    return;  // no memory for a line either: what it was about has been dealt with
  }
}

void Loop::update_time() {
  now_ = context_.clock.steady();
  const std::time_t second = std::chrono::system_clock::to_time_t(context_.clock.now());
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
}

void Loop::poll() {
  std::array<epoll_event, 256> events;  // NOLINT(cppcoreguidelines-pro-type-member-init): 3 KiB that the kernel fills
  const bool timed = !connections_.empty() || paused_sources_ > 0 || draining_;
  const bool busy = !run_queue_.empty() || !to_attend_.empty();
  int timeout = busy ? 0 : timed ? static_cast<int>(TimerWheel::kTick.count()) : -1;
  if (timeout > 0 && !deadlines_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadlines_.begin()->first - now_);
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, timeout));
  }
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
  update_time();
  for (int i = 0; i < count; ++i) {
    static_cast<Pollable*>(events[static_cast<std::size_t>(i)].data.ptr)
        ->on_event(events[static_cast<std::size_t>(i)].events);
  }
}

void Loop::stop() noexcept {
  stop_requested_.store(true, std::memory_order_release);
  waker_->wake();
}

void Loop::begin_drain() {
  draining_ = true;
  const auto timeout = options().shutdown_timeout;
  cut_at_ = timeout == 0ns ? Clock::SteadyTime::max() : now_ + timeout;
  for (const auto& source : accept_sources_) {
    source->take_waiting();
  }
  accept_sources_.clear();
  if (--context_.listening_loops == 0) {
    for (Listener& listener : context_.listeners) {
      listener.close();
    }
  }
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = **next++;  // it may close
    connection.drain();
  }
}

void Loop::cut() {
  while (!connections_.empty()) {
    has_cut_.store(true, std::memory_order_relaxed);
    connections_.front()->close();
  }
}

bool Loop::is_idle() const noexcept {
  return connections_.empty() && abandoned_ == 0;
}

void Loop::mark_running() {
  const std::scoped_lock lock(finished_mutex_);
  finished_ = false;
}

void Loop::wait() {
  std::unique_lock lock(finished_mutex_);
  finished_changed_.wait(lock, [&] { return finished_; });
}

bool Loop::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(finished_mutex_);
  return finished_changed_.wait_until(lock, deadline, [&] { return finished_; });
}

}  // namespace mcdsl::net
