#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::crypto {

/// An Ed25519 signature (RFC 8032 §5.1.6).
using Ed25519Signature = std::array<std::uint8_t, 64>;

/// The public half of an Ed25519 key: 32 bytes that everyone may know.
class Ed25519PublicKey {
 public:
  /// Errors: invalid_argument for any other length than 32 bytes. Bytes that are no point of the curve verify nothing.
  [[nodiscard]] static Result<Ed25519PublicKey> from_bytes(std::string_view bytes);

  [[nodiscard]] std::string_view bytes() const noexcept;

  /// Whether the signature over the message is this key's. About 0.1 ms. Throws Exception if OpenSSL itself fails.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

  friend bool operator==(const Ed25519PublicKey&, const Ed25519PublicKey&) = default;

 private:
  friend class Ed25519PrivateKey;
  Ed25519PublicKey() = default;

  std::array<std::uint8_t, 32> bytes_{};
};

/// An Ed25519 key that signs. Threads: const methods are safe from any thread.
class Ed25519PrivateKey {
 public:
  /// A new key from the operating system's generator.
  [[nodiscard]] static Ed25519PrivateKey generate();

  /// Reads PKCS #8 in PEM (RFC 5958, RFC 8410), not encrypted, as `openssl genpkey -algorithm ed25519` writes it.
  /// Errors: invalid_argument for anything else; the text is never quoted.
  [[nodiscard]] static Result<Ed25519PrivateKey> from_pem(const Secret& pem);

  [[nodiscard]] Secret to_pem() const;

  [[nodiscard]] const Ed25519PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] Ed25519Signature sign(std::string_view message) const;

 private:
  Ed25519PrivateKey() = default;
  [[nodiscard]] static Ed25519PrivateKey from_seed(Secret seed);

  Secret seed_;  ///< the 32 bytes of RFC 8032 §5.1.5
  Ed25519PublicKey public_key_;
};

}  // namespace mcdsl::crypto
