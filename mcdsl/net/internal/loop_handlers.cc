// The half of Loop that runs handlers.
#include <algorithm>
#include <utility>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr int kHandlersPerRound = 64;  // then events have a turn: no connection's pipeline keeps the loop
constexpr auto kWorthAThread = 100us;  // a handler of this length is better off without the loop
constexpr auto kPatience = 1s;         // for a thread; then 503, which asks for as much

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

bool Loop::run_handlers(Turn& turn) {
  for (int count = 0; count < kHandlersPerRound && !must_wait_for_a_thread(); ++count) {
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

// Threads that are all busy come back soon, as a rule: many requests at once that wait for one thing, such as a token
// that is new to us, need not be refused for that.
bool Loop::must_wait_for_a_thread() const noexcept {
  const Exchange* next = run_queue_.front();
  return next != nullptr && next->connection != nullptr && !context_.crew->has_reserve() &&
         now_ - next->queued_at < kPatience;
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

}  // namespace mcdsl::net
