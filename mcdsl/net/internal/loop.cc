#include "mcdsl/net/internal/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReadBufferBytes = std::size_t{64} << 10U;

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

void Loop::submit(Exchange& exchange) {
  const http::BodyPlan& plan = exchange.plan;
  if (plan.timeout && *plan.timeout > 0ns) {
    // Not from `now_`, which is older: who counts from `plan` has to find its time over when this ends it. And a client
    // may ask for more time than the clock has.
    const auto now = context_.clock.steady();
    exchange.deadline = deadlines_.emplace(now + std::min(*plan.timeout, Clock::SteadyTime::max() - now), &exchange);
  }
  if (plan.stops) {
    exchange.stop = std::stop_source();
    exchange.request.set_stop_token(exchange.stop.get_token());
  }
  exchange.queued_at = now_;
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
  const bool is_starved = must_wait_for_a_thread();
  const bool busy = (!run_queue_.empty() && !is_starved) || !to_attend_.empty();
  int timeout = busy ? 0 : timed ? static_cast<int>(TimerWheel::kTick.count()) : -1;
  if (timeout != 0 && is_starved) {
    timeout = 1;  // one that another loop's handler gives back wakes nobody
  }
  if (timeout > 0 && !deadlines_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadlines_.begin()->first - now_);
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, timeout));
  }
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
  rounds_.store(rounds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);  // its owner alone counts
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

void Loop::nudge() noexcept {
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
