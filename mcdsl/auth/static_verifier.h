#pragma once

#include <chrono>
#include <map>
#include <string>

#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::auth {

/// Knows a fixed set of tokens: for tests and for trying a service out without an identity service.
///
///     const StaticVerifier verifier({{"let-me-in", {.subject = "1", .username = "alice", .roles = {"admin"}}}});
///
/// A caller without `expires_at` never expires; any other is refused from then on. Lifetime: the clock must outlive it.
class StaticVerifier final : public TokenVerifier {
 public:
  explicit StaticVerifier(const std::map<std::string, Caller>& callers, const Clock& clock = system_clock());

 private:
  [[nodiscard]] Result<std::shared_ptr<const Caller>> find_caller(std::string_view token,
                                                                  std::chrono::nanoseconds patience) const override;

  // Keyed by digest, so that how long a look-up takes says nothing about how near a guess came.
  std::map<crypto::Sha256, std::shared_ptr<const Caller>> callers_;
  const Clock& clock_;
};

}  // namespace mcdsl::auth
