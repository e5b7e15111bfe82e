#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/web/internal/sealer.h"

namespace mcdsl::web::internal {

/// What the session cookie holds.
struct SealedSession {
  Secret token;    ///< of the identity service
  std::string id;  ///< random; what csrf tokens are bound to
  Clock::WallTime logged_in_at;
  Clock::WallTime last_seen_at;
  Clock::WallTime expires_at;  ///< the token's end
  std::string roles;           ///< a print of the roles that the session has known: others are a new session
};

struct SessionLimits {
  std::chrono::nanoseconds idle_timeout;
  std::chrono::nanoseconds lifetime;
};

/// Seals sessions into cookie values and opens them again. Threads: const methods are safe from any.
class SessionCodec {
 public:
  SessionCodec(const csrf::KeyFile& keys, const std::string& cookie_name, const SessionLimits& limits)
      : sealer_(keys, cookie_name), limits_(limits) {}

  [[nodiscard]] std::string seal(const SealedSession& session) const;

  /// nullopt for what was not sealed here, and for a session that has ended: idle too long, older than it may become,
  /// or its token expired.
  [[nodiscard]] std::optional<SealedSession> open(std::string_view value, Clock::WallTime now) const;

 private:
  [[nodiscard]] bool is_alive(const SealedSession& session, Clock::WallTime now) const noexcept;

  Sealer sealer_;
  SessionLimits limits_;
};

/// What is sealed, without the seal: for tests and fuzzers too.
[[nodiscard]] Secret pack(const SealedSession& session);
[[nodiscard]] std::optional<SealedSession> unpack(std::string_view packed);

/// 128 random bits in base64url.
[[nodiscard]] std::string random_id();
[[nodiscard]] bool is_random_id(std::string_view text);

/// The same for the same roles in any order.
[[nodiscard]] std::string print_of(std::vector<std::string> roles);

}  // namespace mcdsl::web::internal
