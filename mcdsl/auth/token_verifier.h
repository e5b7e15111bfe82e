#pragma once

#include <memory>
#include <string_view>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/result.h"

namespace mcdsl::auth {

/// Tells whose a bearer token is. Threads: safe from any thread; `verify` may block for one call over the network.
class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;

  /// The caller, or one of two errors that must not be confused. In all three cases nothing but the caller gives
  /// access. Errors: unauthenticated (the token is refused), unavailable (nobody can tell now; the cause chain says
  /// why).
  [[nodiscard]] virtual Result<std::shared_ptr<const Caller>> verify(std::string_view token) const = 0;

 protected:
  TokenVerifier() = default;
  TokenVerifier(const TokenVerifier&) = default;
  TokenVerifier& operator=(const TokenVerifier&) = default;
};

}  // namespace mcdsl::auth
