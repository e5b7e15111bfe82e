#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/crypto/ed25519.h"

namespace mcdsl::auth {

/// What a token says (RFC 7519 §4.1, and the claims of MCIAS). Times have whole seconds.
struct Claims {
  std::string subject = {};  ///< the account's UUID
  std::string username = {};
  AccountType account_type = AccountType::human;
  std::vector<std::string> roles = {};
  Clock::WallTime issued_at = {};
  Clock::WallTime expires_at = {};
  std::string token_id = {};  ///< `jti`: what a revocation names
  std::string issuer = {};

  friend bool operator==(const Claims&, const Claims&) = default;
};

/// Longer tokens are refused unread.
inline constexpr std::size_t kMaxTokenBytes = 8192;

/// A token taken apart: a JWS in compact form (RFC 7515 §3.1) with the one algorithm EdDSA (RFC 8037 §3.1). Its claims
/// come out through `verify` alone, so that unproven ones cannot be used by accident.
/// Lifetime: it views the text it was parsed from.
class Jwt {
 public:
  /// Errors: unauthenticated for anything that no identity service of ours can have issued: not three parts of strict
  /// base64url, another algorithm (`none` too), no `kid` or `exp`, a `crit` header, claims of a wrong type, too long.
  [[nodiscard]] static Result<Jwt> parse(std::string_view token);

  [[nodiscard]] const std::string& key_id() const noexcept { return key_id_; }

  /// When the token ends, by its own words: good for refusing it, proof of nothing.
  [[nodiscard]] Clock::WallTime claimed_expiry() const noexcept { return claims_.expires_at; }

  /// The claims, once the signature is seen to be the key's. Errors: unauthenticated. Expiry and revocation are the
  /// caller's to look at.
  [[nodiscard]] Result<Claims> verify(const crypto::Ed25519PublicKey& key) const;

 private:
  Jwt() = default;

  std::string_view signed_part_;
  std::string signature_;
  std::string key_id_;
  Claims claims_;
};

/// A NumericDate (RFC 7519 §2), cut to the second; nullopt for one before 1970 or after 2200.
[[nodiscard]] std::optional<Clock::WallTime> from_numeric_date(double seconds) noexcept;

/// Issues a token.
[[nodiscard]] Secret encode_jwt(const Claims& claims, std::string_view key_id, const crypto::Ed25519PrivateKey& key);

}  // namespace mcdsl::auth
