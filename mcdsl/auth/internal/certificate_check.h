#pragma once

#include <memory>
#include <string>

#include <openssl/x509.h>

namespace mcdsl::auth::internal {

struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// Remembers what a TLS handshake found out about the peer's certificate, so that a failure can be told in full.
class CertificateCheck {
 public:
  /// Validates as OpenSSL does by itself, and remembers. To be installed by `SSL_CTX_set_cert_verify_callback` with a
  /// CertificateCheck as its argument, which must outlive the handshake.
  static int verify(X509_STORE_CTX* context, void* check) noexcept;

  void reset() noexcept;

  /// Whether the peer showed a certificate since the last reset.
  [[nodiscard]] bool saw_certificate() const noexcept { return leaf_ != nullptr; }

  /// What is wrong with the chain, in OpenSSL's words and with the place; empty when it is valid.
  [[nodiscard]] std::string chain_error() const;

  /// Names, issuer and dates of the peer's certificate: `it is for DNS:a.test, IP:127.0.0.1; issued by CN=…; valid from
  /// … to …`.
  [[nodiscard]] std::string describe() const;

 private:
  std::unique_ptr<X509, FreeCertificate> leaf_;
  int error_ = X509_V_OK;
  int depth_ = 0;
};

}  // namespace mcdsl::auth::internal
