#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/http/application.h"

namespace mcdsl::http {

struct RateLimit {
  double per_second = 10;            ///< how fast tokens come back; from 0.001 to 1,000,000
  std::size_t burst = 20;            ///< how many may be spent at once; from 1 to 1,000,000
  std::size_t max_clients = 10'000;  ///< how many are remembered, about 200 bytes each; at least 1
};

/// A token bucket per key. Past `max_clients` the key that was seen least recently is forgotten, as if it had rested.
/// Threads: safe from any thread. Lifetime: `clock` outlives the limiter.
class RateLimiter {
 public:
  /// Throws Exception (internal) where a limit is out of its range.
  explicit RateLimiter(const RateLimit& limit, const Clock& clock = system_clock());
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Spends a token of this key. Where there is none, gives the time until the next one.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> take(std::string_view key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What counts as one client: an IPv4 address, the /64 network of an IPv6 address (one host commands a whole one, RFC
/// 6177), any other text as it is.
[[nodiscard]] std::string rate_limit_key(std::string_view address);

/// Answers 429 with Retry-After (seconds, RFC 9110 §10.2.3) to a client that asks faster than the limit. All routes
/// behind one such middleware share the client's bucket.
[[nodiscard]] Middleware rate_limit(const RateLimit& limit, const Clock& clock = system_clock());

}  // namespace mcdsl::http
