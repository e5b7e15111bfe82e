#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"

namespace mcdsl::http {

/// What stands around a handler: takes the next one in and gives one that calls it, or does not.
using Middleware = std::function<Handler(Handler next)>;

/// How a request's body is to be taken, told before it is read.
struct BodyPlan {
  /// A longer body is not read: `serve` is called with a refusal (413) in the request. Without a number the server's
  /// own limit holds.
  std::optional<std::size_t> max_bytes{};
  /// `serve` is called before the body has come, and reads it itself with Request::read_body.
  bool streams = false;
  bool wants_body = true;  ///< false: `serve` needs none of it (404, 405); the connection ends if there is one
  /// How long `serve` may take, in place of the server's `handler_timeout`; zero is without end. With `streams` the
  /// server's timeouts for a body that stands still do not hold either.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// What the client gets when `timeout` is over and the answer has not begun; 503 where it is null. Called on the
  /// event loop.
  Response (*timed_out)() = nullptr;
  /// Whether `serve` gets a Request::stop_token.
  bool stops = false;
};

/// The program that a server serves: what stands between the protocol and the handlers. A Router is one.
/// Threads: both calls come from any thread at once.
class Application {
 public:
  virtual ~Application() = default;

  /// Called on the event loop when the head of a request is complete. Must not block. May note what it found in the
  /// request (route, parameters) for `serve`.
  virtual BodyPlan plan(Request& request) const = 0;

  /// Called with the whole request, or one that carries a refusal; may block. Must not throw.
  virtual Response serve(Request& request) const = 0;

 protected:
  Application() = default;
  Application(const Application&) = default;
  Application& operator=(const Application&) = default;
};

}  // namespace mcdsl::http
