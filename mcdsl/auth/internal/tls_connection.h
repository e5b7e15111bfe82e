#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/auth/internal/certificate_check.h"
#include "mcdsl/auth/internal/deadline.h"
#include "mcdsl/auth/internal/openssl.h"
#include "mcdsl/auth/internal/resolver.h"
#include "mcdsl/auth/internal/server_url.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::auth::internal {

/// What the connections of a client have in common. Threads: safe from any thread.
class TlsClientContext {
 public:
  /// `ca_cert` is PEM and the only trust; the system's where it is empty. Throws Exception for a file that cannot be
  /// read, or holds no certificate or a damaged one.
  explicit TlsClientContext(std::filesystem::path ca_cert);

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

  /// Has a connection trust what is to be trusted now. The file is read anew each time, so that a replaced one counts
  /// from the next handshake; the system's is read once, when it is first needed. Errors: as the constructor's.
  [[nodiscard]] Result<void> set_trust(SSL& tls) const;

 private:
  [[nodiscard]] Result<OpensslPtr<X509_STORE>> read_ca_cert() const;

  std::filesystem::path ca_cert_;
  OpensslPtr<SSL_CTX> context_;
  mutable std::once_flag system_is_read_;
};

/// A connection over TLS 1.3 to a server whose certificate is trusted and names it. Every wait ends at a deadline; no
/// call raises SIGPIPE. Threads: one at a time. Lifetime: the context must outlive it.
/// Errors: aborted where the peer has gone; unavailable for everything else.
class TlsConnection {
 public:
  /// Tries the addresses in turn, each with its share of the time that is left.
  [[nodiscard]] static Result<std::unique_ptr<TlsConnection>> open(const TlsClientContext& context,
                                                                   const ServerUrl& server,
                                                                   std::span<const SocketAddress> addresses,
                                                                   Deadline deadline);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  [[nodiscard]] Result<void> write(std::string_view bytes, Deadline deadline);

  /// Some bytes; none where the peer has ended its side in good order.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into, Deadline deadline);

  /// Whether it is open with nothing to read: good for another exchange, as far as can be seen.
  [[nodiscard]] bool is_idle();

 private:
  explicit TlsConnection(UniqueFd socket) noexcept : socket_(std::move(socket)) {}

  [[nodiscard]] Result<void> handshake(const TlsClientContext& context, const ServerUrl& server, Deadline deadline);
  [[nodiscard]] Result<void> prepare(const TlsClientContext& context, const ServerUrl& server);
  [[nodiscard]] Result<void> wait_for(int tls_error, Deadline deadline, const char* what) const;
  [[nodiscard]] Error failure(int tls_error) const;

  UniqueFd socket_;
  CertificateCheck check_;
  OpensslPtr<SSL> tls_;
};

}  // namespace mcdsl::auth::internal
