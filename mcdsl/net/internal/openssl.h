#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace mcdsl::net {

struct OpensslFree {
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(BIO_METHOD* p) const noexcept { BIO_meth_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
};
template <class T>
using OpensslPtr = std::unique_ptr<T, OpensslFree>;

/// The reasons in OpenSSL's error queue, oldest first, and an empty queue behind them.
[[nodiscard]] std::string take_openssl_errors();

}  // namespace mcdsl::net
