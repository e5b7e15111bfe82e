#include "mcdsl/testing/certificates.h"

#include <utility>

#include "mcdsl/pki/certificate_authority.h"

namespace mcdsl::testing {
namespace {

pki::KeyType key_type(KeyType type) {
  switch (type) {
    case KeyType::p384:
      return pki::KeyType::p384;
    case KeyType::ed25519:
      return pki::KeyType::ed25519;
    case KeyType::rsa2048:
      return pki::KeyType::rsa2048;
    case KeyType::p256:
      break;
  }
  return pki::KeyType::p256;
}

// Wide dates: a test may issue certificates that expired long ago, and only those shall be at fault.
pki::Validity wide_dates() {
  const auto now = std::chrono::system_clock::now();
  return {.not_before = now - std::chrono::years(10), .not_after = now + std::chrono::years(10)};
}

}  // namespace

struct CertificateAuthority::State {
  pki::Authority authority;
};

CertificateAuthority::CertificateAuthority(const std::string& name, KeyType key)
    : state_(std::make_shared<State>(pki::Authority::make(name, wide_dates(), key_type(key)))) {}

CertificateAuthority CertificateAuthority::intermediate(const std::string& name, KeyType key) const {
  return CertificateAuthority(
      std::make_shared<State>(state_->authority.intermediate(name, wide_dates(), key_type(key))));
}

Certificate CertificateAuthority::issue(const CertificateOptions& options) const {
  pki::Issued issued =
      state_->authority.issue({.names = options.names,
                               .validity = {.not_before = options.not_before, .not_after = options.not_after},
                               .key = key_type(options.key),
                               .usage = options.usage});
  return {.leaf = std::move(issued.leaf), .chain = std::move(issued.chain), .key = std::string(issued.key.reveal())};
}

const std::string& CertificateAuthority::certificate() const noexcept {
  return state_->authority.certificate();
}

}  // namespace mcdsl::testing
