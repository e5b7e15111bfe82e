#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "mcdsl/base/clock.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"
#include "mcdsl/net/internal/body_pipe.h"

namespace mcdsl::net {

class Connection;
struct Exchange;

/// Exchanges that have a time of their own, by its end.
using Deadlines = std::multimap<Clock::SteadyTime, Exchange*>;

/// What a handler that runs apart from its loop has to say. `done` is the last; the exchange is the loop's again.
struct News {
  bool moved = false;     ///< a pipe has bytes or room again
  bool has_head = false;  ///< status and headers are fixed, the body is being written
  bool done = false;
};

/// One request on its way through a handler. While the handler runs, request and response are its alone; `connection`
/// is the loop's, which sets it to null when the connection went away or gave the answer up.
struct Exchange {
  http::Request request;
  http::Response response;
  Connection* connection = nullptr;
  std::int64_t stream = 0;                  ///< of its connection, in HTTP/2
  http::BodyPlan plan;                      ///< what the application said of it
  std::stop_source stop{std::nostopstate};  ///< where the plan wants one
  Clock::SteadyTime queued_at{};
  std::optional<Deadlines::iterator> deadline{};  ///< while it has one, in the loop's
  bool was_blocking = false;                      ///< what a handler that ran away from the loop has shown
  Exchange* next = nullptr;                       ///< in the queue it stands in

  std::unique_ptr<BodyPipe> request_body;   ///< of a body that arrives while the handler runs; made before it starts
  std::unique_ptr<BodyPipe> response_body;  ///< of one that is written while it leaves
  bool counts_as_streaming = false;

  /// Whether the plan's timeout holds in place of the server's for handlers.
  [[nodiscard]] bool has_own_time() const noexcept { return plan.timeout.has_value(); }
  /// Whether it does so in place of those for bodies, too.
  [[nodiscard]] bool has_own_time_for_body() const noexcept { return plan.timeout && plan.streams; }

  // Under the lock of the loop's mailbox.
  News news;
  bool is_posted = false;
  bool is_cancelled = false;  ///< nobody waits for the answer
};

/// Exchanges in order. Owns none of them, and never allocates: an answer always finds its way back.
class ExchangeQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

  void push(Exchange& exchange) noexcept {
    exchange.next = nullptr;
    (empty() ? first_ : last_->next) = &exchange;
    last_ = &exchange;
  }

  /// The first, which stays; null where there is none.
  [[nodiscard]] const Exchange* front() const noexcept { return first_; }

  /// The first, which leaves the queue; null where there is none.
  Exchange* pop() noexcept {
    Exchange* exchange = first_;
    if (exchange != nullptr) {
      first_ = std::exchange(exchange->next, nullptr);
    }
    return exchange;
  }

 private:
  Exchange* first_ = nullptr;
  Exchange* last_ = nullptr;  // dangles while the queue is empty
};

}  // namespace mcdsl::net
