#pragma once

#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/auth/internal/deadline.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::auth::internal {

/// What a digest is hashed by in a table: any part of it is as good as a random number.
struct DigestHash {
  std::size_t operator()(const crypto::Sha256& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof(hash));
    return hash;
  }
};

/// A table of bounded size whose entries end at a time of their own. When full it drops the oldest entry, which is also
/// the one nearest to its end: all live equally long. Belongs to one thread at a time.
template <class T>
class ExpiringTable {
 public:
  explicit ExpiringTable(std::size_t capacity) : capacity_(capacity) {}

  /// Null where there is none or it has ended.
  [[nodiscard]] T* find(const crypto::Sha256& key, Clock::SteadyTime now) {
    const auto found = entries_.find(key);
    return found == entries_.end() || found->second.end <= now ? nullptr : &found->second.value;
  }

  void put(const crypto::Sha256& key, T value, Clock::SteadyTime now, Clock::SteadyTime end) {
    erase(key);
    while (!order_.empty() && (entries_.at(order_.front()).end <= now || entries_.size() >= capacity_)) {
      erase(crypto::Sha256(order_.front()));
    }
    order_.push_back(key);
    entries_.emplace(key, Entry{std::move(value), end, std::prev(order_.end())});
  }

  void erase(const crypto::Sha256& key) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      order_.erase(found->second.position);
      entries_.erase(found);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    T value;
    Clock::SteadyTime end;
    std::list<crypto::Sha256>::iterator position;
  };

  std::size_t capacity_;
  std::list<crypto::Sha256> order_;  // oldest first
  std::unordered_map<crypto::Sha256, Entry, DigestHash> entries_;
};

/// Remembers whose a token is, by the token's digest, and lets one thread ask where several want to know.
///
/// A caller is remembered for 30 seconds from before the question was asked, and never past the token's own end; a
/// refusal for 5 seconds; unavailability not at all. In a caller's last 5 seconds one request asks again while the
/// others go on with what is known, so that a busy token's requests do not all wait at its end. Refusals have a table
/// of their own, so that a flood of invented tokens cannot drive out good ones. Threads: all methods are safe from any
/// thread. Lifetime: the clock must outlive it.
class TokenCache {
 public:
  using Answer = Result<std::shared_ptr<const Caller>>;

  static constexpr std::chrono::seconds kCallerLifetime{30};
  static constexpr std::chrono::seconds kAskAgainBefore{5};
  static constexpr std::chrono::seconds kRefusalLifetime{5};

  /// `capacity` callers and as many refusals, rounded up to a few more.
  TokenCache(const Clock& clock, std::size_t capacity);

  /// The remembered answer. nullopt, once, also where it is time to ask again.
  [[nodiscard]] std::optional<Answer> find(const crypto::Sha256& key) const;

  /// The remembered answer, or what `ask` says where there is none or it is time to ask again; the remembered one, too,
  /// where the identity service does not answer that. While one thread is in `ask` for a token, others who know nothing
  /// wait for its answer, until their deadline: unavailable then. Where its own, earlier deadline left it without one,
  /// the next of them asks.
  [[nodiscard]] Answer get(const crypto::Sha256& key, Deadline deadline, const std::function<Answer()>& ask);

  /// Forgets the caller and remembers the refusal. A question that was asked before is not remembered when it is
  /// answered: its answer may be older than the refusal.
  void refuse(const crypto::Sha256& key, Error refusal);

  /// How many answers are held, dead ones included.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Flight;
  struct Remembered {
    std::shared_ptr<const Caller> caller;
    Clock::SteadyTime ask_again_at;
    bool is_asked_again = false;
  };
  struct Known {
    std::optional<Answer> answer;
    Remembered* due = nullptr;  ///< where it is time to ask again
  };
  struct alignas(64) Shard {
    explicit Shard(std::size_t capacity) : callers(capacity), refusals(capacity) {}

    [[nodiscard]] Known find(const crypto::Sha256& key, const Clock& clock);
    void put(const crypto::Sha256& key, const Answer& answer, Clock::SteadyTime asked, Clock::SteadyTime now);

    mutable std::mutex mutex;
    ExpiringTable<Remembered> callers;
    ExpiringTable<Error> refusals;
    std::unordered_map<crypto::Sha256, std::shared_ptr<Flight>, DigestHash> flights;
  };

  [[nodiscard]] Shard& shard_of(const crypto::Sha256& key) const noexcept;
  void land(Shard& shard, const crypto::Sha256& key, const std::shared_ptr<Flight>& flight, const Answer& answer,
            Clock::SteadyTime asked);

  const Clock& clock_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace mcdsl::auth::internal
