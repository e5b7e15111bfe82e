#include "mcdsl/auth/internal/token_cache.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "mcdsl/base/blocking.h"

namespace mcdsl::auth::internal {
namespace {

constexpr std::size_t kShards = 16;  // a lock is held for 0.1 microseconds: enough for any number of cores met here

}  // namespace

/// One question on its way, and those who wait for its answer.
struct TokenCache::Flight {
  explicit Flight(Deadline end) : deadline(end) {}

  const Deadline deadline;  // of who asks
  std::mutex mutex;
  std::condition_variable landed;
  std::optional<Answer> answer;

  [[nodiscard]] Answer wait(Deadline until) {
    std::unique_lock lock(mutex);
    if (!landed.wait_until(lock, until, [this] { return answer.has_value(); })) {
      return fail(Code::unavailable, "timeout: another request's question about the same token is not answered yet");
    }
    return *answer;
  }

  // Whether there is no answer only because who asked could not wait for it.
  [[nodiscard]] bool ended_early(const Answer& result) const {
    return !result && result.error().code() == Code::unavailable && std::chrono::steady_clock::now() >= deadline;
  }

  void finish(const Answer& result) {
    {
      const std::scoped_lock lock(mutex);
      answer = result;
    }
    landed.notify_all();
  }
};

TokenCache::TokenCache(const Clock& clock, std::size_t capacity) : clock_(clock) {
  const std::size_t count = std::clamp<std::size_t>(capacity, 1, kShards);
  for (std::size_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(std::max<std::size_t>((capacity + count - 1) / count, 1)));
  }
}

TokenCache::Shard& TokenCache::shard_of(const crypto::Sha256& key) const noexcept {
  return *shards_[key.back() % shards_.size()];  // the tables hash by the front of the digest
}

TokenCache::Known TokenCache::Shard::find(const crypto::Sha256& key, const Clock& clock) {
  const auto now = clock.steady();
  if (auto* known = callers.find(key, now)) {
    if (known->caller->expires_at > clock.now()) {
      return {.answer = known->caller, .due = now >= known->ask_again_at ? known : nullptr};
    }
    return {.answer = fail(Code::unauthenticated, "the token has expired")};
  }
  if (const auto* refusal = refusals.find(key, now)) {
    return {.answer = fail(*refusal)};
  }
  return {};
}

void TokenCache::Shard::put(const crypto::Sha256& key, const Answer& answer, Clock::SteadyTime asked,
                            Clock::SteadyTime now) {
  if (answer) {
    const auto end = asked + kCallerLifetime;
    callers.put(key, {.caller = *answer, .ask_again_at = end - kAskAgainBefore}, now, end);
    refusals.erase(key);
  } else if (answer.error().code() == Code::unauthenticated) {
    refusals.put(key, answer.error(), now, asked + kRefusalLifetime);
    callers.erase(key);
  }
}

std::optional<TokenCache::Answer> TokenCache::find(const crypto::Sha256& key) const {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  Known known = shard.find(key, clock_);
  if (known.due != nullptr && !std::exchange(known.due->is_asked_again, true)) {
    return std::nullopt;
  }
  return std::move(known.answer);
}

TokenCache::Answer TokenCache::get(const crypto::Sha256& key, Deadline deadline, const std::function<Answer()>& ask) {
  Shard& shard = shard_of(key);
  const auto mine = std::make_shared<Flight>(deadline);
  auto flight = mine;
  Known known;
  {
    const std::scoped_lock lock(shard.mutex);
    known = shard.find(key, clock_);
    if (known.answer && (known.due == nullptr || shard.flights.contains(key))) {
      return *std::move(known.answer);
    }
    if (known.due != nullptr) {
      known.due->is_asked_again = true;
    }
    flight = shard.flights.try_emplace(key, mine).first->second;
  }
  if (flight != mine) {
    about_to_block();
    const Answer answer = flight->wait(deadline);
    const bool asks_next = flight->deadline < deadline && flight->ended_early(answer);
    return asks_next ? get(key, deadline, ask) : answer;
  }
  const auto asked = clock_.steady();
  try {
    Answer answer = ask();
    land(shard, key, flight, answer, asked);
    const bool is_no_answer = !answer && answer.error().code() != Code::unauthenticated;
    return is_no_answer && known.answer ? *std::move(known.answer) : answer;
  } catch (...) {
    land(shard, key, flight, fail(Code::internal, "asking about the token failed"), asked);
    throw;
  }
}

void TokenCache::land(Shard& shard, const crypto::Sha256& key, const std::shared_ptr<Flight>& flight,
                      const Answer& answer, Clock::SteadyTime asked) {
  {
    const std::scoped_lock lock(shard.mutex);
    const auto position = shard.flights.find(key);
    if (position != shard.flights.end() && position->second == flight) {
      shard.flights.erase(position);
      shard.put(key, answer, asked, clock_.steady());
    }
  }
  flight->finish(answer);
}

void TokenCache::refuse(const crypto::Sha256& key, Error refusal) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  shard.flights.erase(key);
  const auto now = clock_.steady();
  shard.put(key, fail(std::move(refusal)), now, now);
}

std::size_t TokenCache::size() const {
  std::size_t count = 0;
  for (const auto& shard : shards_) {
    const std::scoped_lock lock(shard->mutex);
    count += shard->callers.size() + shard->refusals.size();
  }
  return count;
}

}  // namespace mcdsl::auth::internal
