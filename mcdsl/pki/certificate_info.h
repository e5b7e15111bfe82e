#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"

namespace mcdsl::pki {

/// What a certificate says, for people and for renewing it.
struct CertificateInfo {
  std::string subject;             ///< "CN=mcq.example.org" (RFC 4514)
  std::string issuer;              ///< the same
  std::string serial;              ///< in hexadecimal
  std::vector<std::string> names;  ///< subject alternative names: DNS names and IP addresses, others left out
  Clock::WallTime not_before;
  Clock::WallTime not_after;
  bool is_authority = false;  ///< may sign others
  bool is_self_issued = false;
  std::string key;     ///< "P-256", "P-384", "ED25519", "RSA 2048"
  std::string sha256;  ///< of the whole certificate, in hexadecimal
};

/// All certificates of a PEM file, in its order. Errors: invalid_argument where there is none, or a damaged one.
[[nodiscard]] Result<std::vector<CertificateInfo>> read_certificates(std::string_view pem);

}  // namespace mcdsl::pki
