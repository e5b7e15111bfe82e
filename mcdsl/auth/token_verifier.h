#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/result.h"

namespace mcdsl::auth {

/// For a caller who waits for the identity service as long as its timeout allows.
inline constexpr std::chrono::nanoseconds kNoLimit = std::chrono::nanoseconds::max();

/// Tells whose a bearer token is. Threads: safe from any thread; `verify` may block for one call over the network.
class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;

  /// The caller, or one of two errors that must not be confused. In all three cases nothing but the caller gives
  /// access. Gives up after `patience`, or earlier by a timeout of its own. Errors: unauthenticated (the token is
  /// refused), unavailable (nobody can tell now, or in time; the cause chain says why).
  [[nodiscard]] Result<std::shared_ptr<const Caller>> verify(std::string_view token,
                                                             std::chrono::nanoseconds patience = kNoLimit) const {
    return find_caller(token, patience);
  }

 protected:
  TokenVerifier() = default;
  TokenVerifier(const TokenVerifier&) = default;
  TokenVerifier& operator=(const TokenVerifier&) = default;

 private:
  [[nodiscard]] virtual Result<std::shared_ptr<const Caller>> find_caller(std::string_view token,
                                                                          std::chrono::nanoseconds patience) const = 0;
};

}  // namespace mcdsl::auth
