#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "mcdsl/base/error.h"

namespace mcdsl::crypto::internal {

struct Free {
  void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
  void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

/// Owns an object of OpenSSL.
template <class T>
using Handle = std::unique_ptr<T, Free>;

/// Throws Exception (internal) unless the call of OpenSSL succeeded.
inline void require(bool success, const char* what) {
  if (!success) {
    throw Exception(Code::internal, std::string("OpenSSL: ") + what + " failed");
  }
}

}  // namespace mcdsl::crypto::internal
