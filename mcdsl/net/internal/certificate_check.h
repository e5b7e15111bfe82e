#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/internal/openssl.h"

namespace mcdsl::net {

using CertificateChain = std::vector<OpensslPtr<X509>>;  // the leaf first

/// What a handshake could never succeed with, in TLS 1.3: a key without a signature scheme (RFC 8446 §4.2.3). Empty
/// where the key has one.
[[nodiscard]] std::string problem_with_key(EVP_PKEY& key);

/// What an operator should know of a pair that can serve.
struct CertificateCheck {
  const std::filesystem::path& certificate_path;
  const std::filesystem::path& key_path;
  const CertificateChain& chain;
  std::filesystem::perms key_mode;
  std::span<const std::string> public_names;  ///< host names and IP addresses that the leaf has to name
  Clock::WallTime now;

  [[nodiscard]] std::vector<CertificateFinding> findings() const;
};

[[nodiscard]] Clock::WallTime to_wall_time(const ASN1_TIME* time);

}  // namespace mcdsl::net
