#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"

/// Certificates (X.509, RFC 5280) for services that trust an authority of their own.
namespace mcdsl::pki {

enum class KeyType : std::uint8_t { p256, p384, ed25519, rsa2048 };

/// Both ends belong to it. Whole seconds.
struct Validity {
  Clock::WallTime not_before;
  Clock::WallTime not_after;
};

/// What a certificate shall say.
struct Request {
  /// Subject alternative names: DNS names ("*.example.org" too) and IP addresses. The first is the common name as well.
  std::vector<std::string> names;
  Validity validity;
  KeyType key = KeyType::p256;
  std::string usage = "serverAuth,clientAuth";  ///< extended key usage, in OpenSSL's words (x509v3_config(5))
};

/// A certificate and its key, in PEM.
struct Issued {
  std::string leaf;   ///< the certificate alone
  std::string chain;  ///< the certificate and then its intermediates, without the root: a server's certificate file
  Secret key;         ///< PKCS #8, not encrypted
};

/// Who issues certificates: a root, or an intermediate below one. Keys and serial numbers (128 random bits) are new
/// each time; nothing is written anywhere.
///
/// A copy is the same authority. Threads: const methods are safe from any thread. Errors: throws Exception:
/// invalid_argument for what a certificate cannot say, internal where OpenSSL fails.
class Authority {
 public:
  /// A root that signs itself.
  [[nodiscard]] static Authority make(const std::string& name, const Validity& validity, KeyType key = KeyType::p256);

  /// One from its files. `certificates` holds its own first and then those above it, which is a root alone for a root.
  /// Throws Exception (invalid_argument) for what is no PEM, an encrypted key, a key of another certificate, or a
  /// certificate that may not sign others.
  [[nodiscard]] static Authority load(std::string_view certificates, std::string_view key);

  /// An authority below this one, which its certificates carry in their `chain`.
  [[nodiscard]] Authority intermediate(const std::string& name, const Validity& validity,
                                       KeyType key = KeyType::p256) const;

  [[nodiscard]] Issued issue(const Request& request) const;

  /// Its own certificate: what peers trust, of a root.
  [[nodiscard]] const std::string& certificate() const noexcept;

  /// Its own certificate and those above it up to the root, without it: what follows a leaf. Empty for a root.
  [[nodiscard]] const std::string& chain() const noexcept;

  [[nodiscard]] Secret key() const;

  /// When its own certificate ends: nothing that it issues is good for longer.
  [[nodiscard]] Clock::WallTime not_after() const;

 private:
  struct State;
  explicit Authority(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace mcdsl::pki
