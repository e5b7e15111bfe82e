#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mcdsl::testing {

enum class KeyType : std::uint8_t { p256, p384, ed25519, rsa2048 };

/// A certificate and its key as PEM texts, to be written to files by `TempDir::write`.
struct Certificate {
  std::string leaf;   ///< the certificate alone: what a half-renewed file looks like
  std::string chain;  ///< the certificate and then its intermediates: what a server's certificate file holds
  std::string key;    ///< PKCS #8, not encrypted
};

/// What a certificate says. The defaults are those of a good one.
struct CertificateOptions {
  /// Subject alternative names: DNS names (wildcards too) and IP addresses. The first is the common name as well.
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  KeyType key = KeyType::p256;
  std::string usage = "serverAuth,clientAuth";  ///< extended key usage
  std::chrono::system_clock::time_point not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
  std::chrono::system_clock::time_point not_after = std::chrono::system_clock::now() + std::chrono::hours(24);
};

/// A certificate authority of a test's own. Keys are new each time; nothing is written anywhere.
///
///     const CertificateAuthority ca;
///     const Certificate server = ca.issue({.names = {"mcq.test", "127.0.0.1"}});
///     dir.write("certs/cert.pem", server.chain);
///     dir.write("ca.pem", ca.certificate());
///
/// A copy is the same authority. Threads: const methods are safe from any thread. Errors: throws Exception, as
/// pki::Authority.
class CertificateAuthority {
 public:
  /// A root that signs itself.
  explicit CertificateAuthority(const std::string& name = "test root", KeyType key = KeyType::p256);

  /// An authority below this one. Certificates it issues carry it in their `chain`.
  [[nodiscard]] CertificateAuthority intermediate(const std::string& name = "test intermediate",
                                                  KeyType key = KeyType::p256) const;

  /// A certificate for servers and clients.
  [[nodiscard]] Certificate issue(const CertificateOptions& options = {}) const;

  /// The authority's own certificate as PEM: what its peers trust.
  [[nodiscard]] const std::string& certificate() const noexcept;

 private:
  struct State;
  explicit CertificateAuthority(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace mcdsl::testing
