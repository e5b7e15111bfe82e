#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/crypto/ed25519.h"

namespace mcias {

/// The Ed25519 key that tokens are signed with. Its id is its RFC 7638 thumbprint.
/// Threads: const methods are safe from any thread.
class SigningKey {
 public:
  /// Reads the key (PKCS #8, PEM) at `path`; where there is no file, makes a key and writes one of mode 0600. Several
  /// processes that start at once end up with the same key.
  /// Throws Exception: failed_precondition where others than the owner may read the file, invalid_argument where it
  /// holds no such key, otherwise what reading or writing met.
  [[nodiscard]] static SigningKey load_or_create(const std::filesystem::path& path);

  explicit SigningKey(mcdsl::crypto::Ed25519PrivateKey key);

  [[nodiscard]] mcdsl::Secret issue(const mcdsl::auth::Claims& claims) const;

  /// The claims of a token that this key has signed, expired or not. Errors: unauthenticated.
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Claims> verify(std::string_view token) const;

  [[nodiscard]] const mcdsl::auth::Jwk& jwk() const noexcept { return jwk_; }

 private:
  mcdsl::crypto::Ed25519PrivateKey key_;
  mcdsl::auth::Jwk jwk_;
};

}  // namespace mcias
