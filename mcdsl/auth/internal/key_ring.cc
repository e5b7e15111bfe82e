#include "mcdsl/auth/internal/key_ring.h"

#include <algorithm>

#include "mcdsl/base/blocking.h"

namespace mcdsl::auth::internal {
namespace {

template <class T>
Result<void> without_value(const Result<T>& result) {
  return result ? Result<void>() : fail(result.error());
}

}  // namespace

Result<void> KeyRing::check(const Jwt& token, Deadline deadline) {
  if (const auto verdict = judge(token); is_final(verdict)) {
    return without_value(verdict);
  }
  about_to_block();
  const std::unique_lock fetching(fetching_, deadline);
  if (!fetching.owns_lock()) {
    return fail(Code::unavailable, "timeout: another request is still fetching the identity service's public key");
  }
  if (const auto verdict = judge(token); is_final(verdict)) {
    return without_value(verdict);  // the thread waited for has fetched the key
  }
  remember(fetch_(deadline));
  return without_value(judge(token));
}

Result<KeyRing::Verdict> KeyRing::judge(const Jwt& token) const {
  std::unique_lock lock(mutex_);
  const auto known = std::ranges::find(keys_, token.key_id(), &Jwk::key_id);
  if (known != keys_.end()) {
    const auto key = known->key;
    lock.unlock();
    const auto claims = token.verify(key);
    return claims ? Result<Verdict>(Verdict::genuine) : fail(claims.error());
  }
  if (failure_) {
    return fail(*failure_);
  }
  if (keys_.empty()) {
    return Verdict::unknown;
  }
  return fail(Code::unauthenticated, "the token names a key that the identity service does not publish");
}

// Whether a fetch would be of no use, or is not due yet.
bool KeyRing::is_final(const Result<Verdict>& verdict) const {
  if (verdict && *verdict == Verdict::genuine) {
    return true;
  }
  const std::scoped_lock lock(mutex_);
  if (!fetched_at_ || (failure_ && keys_.empty())) {
    return false;  // where no key is known every token costs a call anyway: no need to wait after a failure
  }
  return clock_.steady() - *fetched_at_ < (failure_ ? kRetryInterval : kFetchInterval);
}

void KeyRing::remember(const Result<std::optional<Jwk>>& fetched) {
  const std::scoped_lock lock(mutex_);
  fetched_at_ = clock_.steady();
  failure_ = fetched ? std::nullopt : std::optional(fetched.error());
  if (!fetched || !*fetched) {
    return;
  }
  std::erase_if(keys_, [&](const Jwk& known) { return known.key_id == (*fetched)->key_id; });
  keys_.push_back(**fetched);
  if (keys_.size() > kMaxKeys) {
    keys_.erase(keys_.begin());
  }
}

}  // namespace mcdsl::auth::internal
