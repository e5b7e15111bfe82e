#pragma once

#include <string>
#include <string_view>

#include "mcdsl/auth/internal/openssl.h"

namespace mcdsl::auth::internal {

/// Remembers what a TLS handshake found out about the peer's certificate, so that a failure can be told in full.
class CertificateCheck {
 public:
  /// Validates as OpenSSL does by itself, and remembers in the CertificateCheck that is the connection's
  /// `SSL_set_app_data` and must outlive the handshake. To be installed by `SSL_CTX_set_cert_verify_callback`.
  static int verify(X509_STORE_CTX* context, void* unused) noexcept;

  /// Whether the peer showed a certificate.
  [[nodiscard]] bool saw_certificate() const noexcept { return leaf_ != nullptr; }

  /// What is wrong with the certificate: that it is not for the host, or why it is not trusted, in OpenSSL's words and
  /// with the place in the chain; empty when it is valid.
  [[nodiscard]] std::string fault(std::string_view host) const;

  /// Names, issuer and dates of the peer's certificate: `it is for DNS:a.test, IP:127.0.0.1; issued by CN=…; valid from
  /// … to …`.
  [[nodiscard]] std::string describe() const;

 private:
  OpensslPtr<X509> leaf_;
  int error_ = X509_V_OK;
  int depth_ = 0;
};

}  // namespace mcdsl::auth::internal
