#pragma once

#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/crypto/ed25519.h"

namespace mcdsl::auth {

/// The public key that an identity service signs its tokens with, as it publishes it: a JSON Web Key (RFC 7517) of type
/// OKP with the curve Ed25519 (RFC 8037 §2).
struct Jwk {
  std::string key_id;  ///< `kid`: what the header of a token names its key by
  crypto::Ed25519PublicKey key;

  friend bool operator==(const Jwk&, const Jwk&) = default;
};

[[nodiscard]] std::string encode_jwk(const Jwk& jwk);

/// Errors: invalid_argument for anything but a key to verify EdDSA signatures with. Unknown members are ignored, as
/// RFC 7517 §4 asks.
[[nodiscard]] Result<Jwk> decode_jwk(std::string_view text);

/// The thumbprint of a key (RFC 7638, RFC 8037 §2): a key id that follows from the key alone.
[[nodiscard]] std::string jwk_thumbprint(const crypto::Ed25519PublicKey& key);

}  // namespace mcdsl::auth
