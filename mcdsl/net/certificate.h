#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"

namespace mcdsl::net {

/// Something an operator should know of a certificate.
struct CertificateFinding {
  log::Level level;  ///< error: clients will refuse it; warn: some clients will, or soon
  std::string text;
};

/// A certificate chain and its private key, in PEM, as a TLS 1.3 server presents them (RFC 8446). Both are read and
/// checked at once; connections take the pair that is current when they begin.
///
/// Threads: safe from any thread. Lifetime: outlives every server that listens with it.
class CertificateStore {
 public:
  /// Throws Exception (failed_precondition) naming the file where a handshake could never succeed: a file that cannot
  /// be read or parsed, a key that does not belong to the certificate.
  CertificateStore(std::filesystem::path certificate, std::filesystem::path key, log::Logger logger = {},
                   const Clock& clock = system_clock());
  ~CertificateStore();
  CertificateStore(const CertificateStore&) = delete;
  CertificateStore& operator=(const CertificateStore&) = delete;

  /// Reads the files again, for new connections. A pair that cannot serve is logged and the last good one kept; returns
  /// whether the new one is in use.
  bool reload();

  /// What is wrong or worth knowing: expired, not yet valid, ending within 14 days, a leaf without its intermediates,
  /// no host name in it. Empty where all is well.
  [[nodiscard]] std::vector<CertificateFinding> findings() const;

  /// When the leaf certificate ends.
  [[nodiscard]] Clock::WallTime not_after() const;

  /// For the server: the current SSL_CTX, kept alive by the pointer.
  [[nodiscard]] std::shared_ptr<void> context() const;

 private:
  struct Pair;
  [[nodiscard]] std::shared_ptr<const Pair> current() const;

  std::filesystem::path certificate_path_;
  std::filesystem::path key_path_;
  log::Logger logger_;
  const Clock& clock_;
  struct Slot;
  std::unique_ptr<Slot> slot_;
};

}  // namespace mcdsl::net
