#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"

namespace mcdsl::pki {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
  void operator()(ASN1_OCTET_STRING* text) const noexcept { ASN1_OCTET_STRING_free(text); }
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

/// All certificates of a PEM text. Errors: invalid_argument where there is none, or a damaged one.
[[nodiscard]] Result<std::vector<Handle<X509>>> parse_certificates(std::string_view pem);

[[nodiscard]] Clock::WallTime to_wall_time(const ASN1_TIME* time);

}  // namespace mcdsl::pki
