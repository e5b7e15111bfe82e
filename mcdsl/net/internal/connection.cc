#include "mcdsl/net/internal/connection.h"

#include <algorithm>
#include <utility>

#include <sys/epoll.h>

#include "mcdsl/net/internal/http1.h"
#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kLingerTimeout = 2s;
constexpr int kMaxWrites = 16;
// A peer that keeps this up is slow, not hostile: each KiB moved buys a second more (Slowloris gets none).
constexpr std::uint64_t kSlowestBytesPerSecond = 1024;

Clock::SteadyTime extended(Clock::SteadyTime since, std::chrono::nanoseconds timeout, std::uint64_t moved) {
  if (timeout == 0ns) {
    return Clock::SteadyTime::max();
  }
  return since + timeout + std::chrono::seconds(moved / kSlowestBytesPerSecond);
}

}  // namespace

Connection::Connection(Loop& loop, UniqueFd fd, http::Peer peer, const std::shared_ptr<void>& tls_context)
    : loop_(loop),
      transport_(std::move(fd), tls_context),
      peer_(std::move(peer)),
      proxy_header_(loop.options().proxy_protocol_from.contains(peer_) ? new ProxyHeaderParser : nullptr),
      protocol_(new Http1(*this, loop.application(), loop.options(), loop.counters())) {}

Connection::~Connection() = default;

void Connection::start() {
  loop_.add(*this, transport_.fd(), watched_ = EPOLLIN | EPOLLRDHUP);
  rearm();
}

Clock::SteadyTime Connection::now() const {
  return loop_.now();
}

const std::string& Connection::date() const {
  return loop_.date();
}

void Connection::watch(std::uint32_t events) {
  if (events != watched_ && !closed_) {
    watched_ = events;
    loop_.modify(*this, transport_.fd(), events);
  }
}

template <class Work>
void Connection::guarded(Work work) noexcept {
  if (closed_) {
    return;
  }
  try {
    work();
  } catch (const std::exception& problem) {
    close();
    loop_.report("connection dropped", problem);
  }
}

void Connection::on_event(std::uint32_t events) {
  guarded([&] { handle_event(events); });
}

void Connection::on_news(Exchange& exchange, News news) {
  guarded([&] { handle_news(exchange, news); });
}

void Connection::on_timeout() {
  guarded([&] { handle_timeout(); });
}

void Connection::on_deadline(Exchange& exchange) {
  guarded([&] {
    protocol_->on_deadline(exchange);
    attend_later();  // for what that has put out
    rearm();
  });
}

void Connection::attend() {
  waits_for_attention_ = false;
  guarded([&] {
    if (std::exchange(has_more_input_, false)) {
      read_or_pause();
    }
    flush();
    rearm();
  });
}

void Connection::drain() {
  guarded([&] {
    if (takes_input()) {
      read_all();  // a request that is here already is answered
    }
    if (!closed_) {
      protocol_->drain();
      attend_later();  // for what that has put out
      rearm();
    }
  });
}

void Connection::handle_event(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    close();
    return;
  }
  if ((events & EPOLLRDHUP) != 0) {
    watch(watched_ & ~static_cast<std::uint32_t>(EPOLLRDHUP));
    protocol_->on_input_ended();
  }
  bool can_read = (events & EPOLLIN) != 0;
  if ((events & EPOLLOUT) != 0) {
    can_read = std::exchange(read_wants_write_, false) || can_read;
    flush();
  }
  if (can_read) {
    read_or_pause();
  }
  rearm();
}

void Connection::handle_news(Exchange& exchange, News news) {
  protocol_->on_news(exchange, news);
  waiting_ = Waiting::for_nothing;  // whatever comes now is a new wait
  if (output_.size() >= kMaxOutput) {
    flush();
  }
  resume_input();
  if (closed_) {
    return;
  }
  if (waits_for_handler()) {
    attend_later();  // the next request of the same input is queued: its answer goes out with this one
  } else {
    flush();
  }
  rearm();
}

void Connection::attend_later() {
  // The loop forgets a connection when it closes.
  if (!closed_ && !std::exchange(waits_for_attention_, true)) {
    loop_.attend_later(*this);
  }
}

// Rounds of what is there and what the protocol has been holding back; then the other connections have a turn.
void Connection::flush() {
  for (int round = 0; write_output(); ++round) {
    if (round == kMaxWrites) {
      attend_later();
      return;
    }
    protocol_->on_writable();
    if (output_.empty()) {
      on_output_done();
      return;
    }
  }
}

// Whether all of it has left.
bool Connection::write_output() {
  while (!closed_ && !output_.empty()) {
    const auto* file = output_.front_file();
    const auto outcome = file != nullptr ? transport_.send_file(file->fd->get(), file->offset, file->length)
                                         : transport_.write(output_.front());
    if (outcome.status == Transport::Status::would_block) {
      if (!writing_) {
        writing_ = true;
        writing_since_ = loop_.now();
        written_bytes_ = 0;
        rearm();
      }
      watch(outcome.wants_write ? watched_ | EPOLLOUT : watched_);
      return false;
    }
    if (outcome.status != Transport::Status::ok) {
      close();
      return false;
    }
    written_bytes_ += outcome.count;
    output_.pop(outcome.count);
  }
  return !closed_;
}

void Connection::on_output_done() {
  writing_ = false;
  if (!read_wants_write_) {
    watch(watched_ & ~static_cast<std::uint32_t>(EPOLLOUT));
  }
  if (lingering_) {
    return;
  }
  if (!finishing_) {
    if (input_paused_ && takes_input()) {
      resume_input();
      attend_later();  // for what that has put out
    }
    return;
  }
  transport_.end_output();
  if (!linger_) {
    close();
    return;
  }
  lingering_ = true;
  waiting_since_ = loop_.now();
  watch(EPOLLIN);
  rearm();
}

void Connection::send(std::string_view bytes) {
  output_.push(bytes);
}

void Connection::send(std::string&& bytes) {
  output_.push(std::move(bytes));
}

bool Connection::send_file(http::FileBody& file) {
  if (transport_.can_send_files()) {
    output_.push(std::move(file));
    return true;
  }
  return false;
}

std::size_t Connection::output_room() const {
  return kMaxOutput - std::min<std::uint64_t>(kMaxOutput, output_.size());
}

std::unique_ptr<BodyPipe> Connection::make_pipe(Exchange& exchange) {
  return std::make_unique<BodyPipe>([&loop = loop_, &exchange] { loop.post(exchange, {.moved = true}); });
}

void Connection::submit(Exchange& exchange) {
  exchange.connection = this;
  loop_.submit(exchange);
}

void Connection::abandon(std::unique_ptr<Exchange> exchange) noexcept {
  loop_.abandon(std::move(exchange));
}

void Connection::finish(bool linger) {
  finishing_ = true;
  linger_ = linger;
  attend_later();
}

void Connection::close() noexcept {
  if (!std::exchange(closed_, true)) {
    protocol_->on_closed();
    loop_.remove(*this);
  }
}

Connection::Time Connection::deadline() const {
  const ServerOptions& options = loop_.options();
  if (lingering_) {
    return waiting_since_ + kLingerTimeout;
  }
  if (writing_) {
    return extended(writing_since_, options.write_timeout, written_bytes_);
  }
  const auto after = [&](std::chrono::nanoseconds timeout) {
    return timeout == 0ns ? Time::max() : waiting_since_ + timeout;
  };
  switch (waiting_) {
    case Waiting::for_request:
      return after(options.idle_timeout);
    case Waiting::for_head:
      return after(options.header_timeout);
    case Waiting::for_body:
      return extended(waiting_since_, options.read_timeout, protocol_->body_bytes());
    case Waiting::for_handler:
      return after(options.handler_timeout);
    case Waiting::for_call:
      return Time::max();
    case Waiting::for_nothing:
      break;
  }
  return after(options.write_timeout);
}

void Connection::rearm() {
  if (closed_) {
    return;
  }
  // Until a byte of a request has come, handshake and head share one timeout. A wait begins once: bytes that make no
  // request, such as half a TLS record, do not prolong it.
  const Waiting waiting = heard_ ? protocol_->waiting() : Waiting::for_head;
  if (!lingering_ && waiting != waiting_) {
    waiting_ = waiting;
    waiting_since_ = loop_.now();
  }
  loop_.wheel().schedule(*this, deadline());
}

void Connection::handle_timeout() {
  if (deadline() > loop_.now()) {
    loop_.wheel().schedule(*this, deadline());
    return;
  }
  if (lingering_ || writing_ || finishing_ || !heard_) {
    if (!lingering_) {
      loop_.counters().note(heard_ ? Limit::write_timeout : Limit::header_timeout);
    }
    close();
    return;
  }
  protocol_->on_timeout();
  waiting_since_ = loop_.now();  // where others of its requests have begun later, it waits on
  attend_later();                // for what that has put out
  rearm();
}

}  // namespace mcdsl::net
