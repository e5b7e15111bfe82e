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
  log::Level level;  ///< error: clients will refuse it; warn: some clients will, or soon; info: good to know
  std::string text;
  std::string fix{};  ///< what to do about it, in a line
};

/// A certificate chain and its private key (ECDSA, EdDSA or RSA), in PEM, as a TLS 1.3 server presents them (RFC 8446).
/// Both are read and checked at once; connections take the pair that is current when they begin. Sessions are resumed
/// by tickets, across a new pair too; the keys of the tickets change twice a day.
///
/// Threads: safe from any thread. Lifetime: outlives every server that listens with it; the clock outlives it.
class CertificateStore {
 public:
  /// `public_names` are the host names and IP addresses that the certificate has to name; what it does not is a
  /// finding. Throws Exception (failed_precondition) naming the file where a handshake could never succeed: a file that
  /// cannot be read or parsed, a key that does not belong to the certificate or that TLS 1.3 has no use for.
  CertificateStore(std::filesystem::path certificate, std::filesystem::path key, log::Logger logger = {},
                   const Clock& clock = system_clock(), std::vector<std::string> public_names = {});
  ~CertificateStore();
  CertificateStore(const CertificateStore&) = delete;
  CertificateStore& operator=(const CertificateStore&) = delete;

  /// Reads the files again, for new connections. A pair that cannot serve is logged and the last good one kept; returns
  /// whether the new one is in use, its findings logged.
  bool reload();

  /// Calls `reload` from now on, on a thread of its own, when the files have changed since the store was made: at once
  /// where the system tells of changes, and within about a second elsewhere. A pair that was refused is tried again
  /// when it changes. Throws Exception (resource_exhausted) where there is no thread for it.
  void watch();

  /// What is wrong or worth knowing: expired, not yet valid, ending within 14 days, a leaf without its intermediates, a
  /// chain in the wrong order, no host name or not the public ones, not for servers, a weak or unusual key, a key file
  /// that everybody may read. Empty where all is well.
  [[nodiscard]] std::vector<CertificateFinding> findings() const;

  /// Writes each to the log, at its level.
  void log_findings() const;

  /// When the leaf certificate ends.
  [[nodiscard]] Clock::WallTime not_after() const;

  /// How many days that is from now; negative when it has ended.
  [[nodiscard]] double days_left() const;

  /// For the server: the current SSL_CTX, kept alive by the pointer.
  [[nodiscard]] std::shared_ptr<void> context() const;

 private:
  struct Pair;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::net
