#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "mcdsl/auth/internal/deadline.h"
#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"

namespace mcdsl::auth::internal {

/// Refuses forged tokens with the public keys of the identity service, fetched when first needed and again when a token
/// does not fit the known ones.
///
/// A flood of forgeries costs the identity service one call in 10 seconds. Keys that it no longer publishes are kept
/// (the last four): they only serve to refuse forgeries, the identity service decides about all other tokens.
/// Threads: `check` is safe from any thread; one thread fetches while others wait. Lifetime: the clock must outlive it.
class KeyRing {
 public:
  static constexpr std::chrono::seconds kFetchInterval{10};
  static constexpr std::chrono::seconds kRetryInterval{1};  ///< after a failure, where some key is known
  static constexpr std::size_t kMaxKeys = 4;

  /// The key now published, or none where the service answers without one that is usable. Errors: unavailable.
  using Fetch = std::function<Result<std::optional<Jwk>>(Deadline)>;

  KeyRing(const Clock& clock, Fetch fetch) : clock_(clock), fetch_(std::move(fetch)) {}

  /// Success for a token whose signature is the identity service's, and for every token where it publishes no usable
  /// key, so that nothing can be said here. Errors: unauthenticated (a forgery), unavailable (no key can be had).
  [[nodiscard]] Result<void> check(const Jwt& token, Deadline deadline);

 private:
  enum class Verdict : bool { unknown, genuine };

  [[nodiscard]] Result<Verdict> judge(const Jwt& token) const;
  [[nodiscard]] bool is_final(const Result<Verdict>& verdict) const;
  void remember(const Result<std::optional<Jwk>>& fetched);

  const Clock& clock_;
  const Fetch fetch_;
  std::timed_mutex fetching_;  ///< held over a fetch; taken before `mutex_`
  mutable std::mutex mutex_;
  std::vector<Jwk> keys_;  ///< oldest first
  std::optional<Clock::SteadyTime> fetched_at_;
  std::optional<Error> failure_;  ///< of the last fetch
};

}  // namespace mcdsl::auth::internal
