#include "mcdsl/http/rate_limit.h"

#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace mcdsl::http {

using std::chrono::nanoseconds;

// A bucket is one time, that at which it will be full again: each token taken moves it on by the time that a token
// needs to come back. (The "generic cell rate algorithm" of ITU-T I.371.) A time in the past is a full bucket.
struct RateLimiter::State {
  struct Bucket {
    std::string key;
    Clock::SteadyTime full_at;
  };

  State(const RateLimit& limit, const Clock& clock)
      : clock(clock), per_token(static_cast<std::int64_t>(1e9 / limit.per_second)), limit(limit) {}

  // The bucket of a key, now at the front of the list.
  Bucket& bucket_of(std::string_view key) {
    if (const auto found = by_key.find(key); found != by_key.end()) {
      buckets.splice(buckets.begin(), buckets, found->second);
      return buckets.front();
    }
    if (buckets.size() == limit.max_clients) {
      by_key.erase(buckets.back().key);
      buckets.pop_back();
    }
    buckets.push_front({std::string(key), Clock::SteadyTime::min()});
    by_key.emplace(buckets.front().key, buckets.begin());
    return buckets.front();
  }

  const Clock& clock;
  nanoseconds per_token;
  RateLimit limit;
  std::mutex mutex;
  std::list<Bucket> buckets;                                                 // most recently seen first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key;  // keys in the list
};

RateLimiter::RateLimiter(const RateLimit& limit, const Clock& clock) {
  // Within these a full bucket is worth less than the range of the clock.
  const bool rate_ok = limit.per_second >= 0.001 && limit.per_second <= 1e6;
  if (!rate_ok || limit.burst < 1 || limit.burst > 1'000'000 || limit.max_clients < 1) {
    throw Exception(
        Code::internal,
        "rate limit: per_second must be from 0.001 to 1000000, burst from 1 to 1000000, max_clients at least 1");
  }
  state_ = std::make_unique<State>(limit, clock);
}

RateLimiter::~RateLimiter() = default;

std::optional<nanoseconds> RateLimiter::take(std::string_view key) {
  const auto now = state_->clock.steady();
  const std::scoped_lock lock(state_->mutex);
  auto& bucket = state_->bucket_of(key);
  const auto full_at = std::max(bucket.full_at, now) + state_->per_token;
  const auto excess = (full_at - now) - state_->per_token * static_cast<std::int64_t>(state_->limit.burst);
  if (excess > nanoseconds(0)) {
    return excess;
  }
  bucket.full_at = full_at;
  return std::nullopt;
}

std::string rate_limit_key(std::string_view address) {
  constexpr std::size_t kNetworkBytes = 8;
  constexpr std::string_view kMapped = "::ffff:";  // an IPv4 client of a socket for both
  if (address.starts_with(kMapped) && address.contains('.')) {
    address.remove_prefix(kMapped.size());
  }
  std::string text(address);
  std::array<char, sizeof(in6_addr)> bytes{};
  if (!text.contains(':') || ::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
    return text;
  }
  return {bytes.data(), kNetworkBytes};
}

Middleware rate_limit(const RateLimit& limit, const Clock& clock) {
  return [limiter = std::make_shared<RateLimiter>(limit, clock)](Handler next) -> Handler {
    return [limiter, next = std::move(next)](Request& request) {
      if (const auto wait = limiter->take(rate_limit_key(request.peer().address))) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*wait);
        return error(429, "too many requests").with_header("retry-after", std::to_string(seconds.count()));
      }
      return next(request);
    };
  };
}

}  // namespace mcdsl::http
