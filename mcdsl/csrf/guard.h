#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/csrf/keys.h"

namespace mcdsl::csrf {

/// Issues and checks the tokens by which a form proves that a page of ours made it for this session (OWASP's "signed
/// double submit", bound to the session).
///
/// A token is a nonce, its time of issue and HMAC-SHA256 over session binding and both, in base64url. The nonce is new
/// in each response, so no two tokens have a secret part in common that compression could give away (BREACH). The
/// binding is what only this session has, such as its random id; a token that an attacker got for their own session is
/// worth nothing in another.
///
/// Threads: const methods are safe from any thread. Lifetime: keys and clock outlive the guard.
class Guard {
 public:
  struct Options {
    std::chrono::seconds max_age = std::chrono::hours(24);  ///< of a token: how long a page may stay open
    const Clock& clock = system_clock();
  };

  Guard(const KeyFile& keys, const Options& options) : keys_(keys), max_age_(options.max_age), clock_(options.clock) {}

  /// Throws Exception (internal) for an empty binding.
  [[nodiscard]] std::string issue(std::string_view binding) const;

  /// Errors: permission_denied, for a token that is malformed, too old, from the future (by more than a minute: clocks
  /// of replicas differ) or not issued for this binding by a key that is accepted. The message says which, the public
  /// text is one for all.
  [[nodiscard]] Result<void> check(std::string_view binding, std::string_view token) const;

 private:
  const KeyFile& keys_;
  std::chrono::seconds max_age_;
  const Clock& clock_;
};

}  // namespace mcdsl::csrf
