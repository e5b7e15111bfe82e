#include "mcdsl/testing/certificates.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace mcdsl::testing {
namespace {

struct Free {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const noexcept { X509_STORE_CTX_free(context); }
  void operator()(STACK_OF(X509) * chain) const noexcept { sk_X509_pop_free(chain, X509_free); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

Handle<X509> next_certificate(BIO* bio) {
  return Handle<X509>(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

Handle<BIO> reader(const std::string& pem) {
  return Handle<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// The result of a path validation as a TLS client does it: X509_V_OK or an X509_V_ERR_… number.
int verify(const std::string& pem, const CertificateAuthority& trusted) {
  const auto bio = reader(pem);
  const auto leaf = next_certificate(bio.get());
  const Handle<STACK_OF(X509)> rest(sk_X509_new_null());
  while (auto certificate = next_certificate(bio.get())) {
    sk_X509_push(rest.get(), certificate.release());
  }
  const Handle<X509_STORE> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), next_certificate(reader(trusted.certificate()).get()).get());
  const Handle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), rest.get());
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

class Certificates : public ::testing::TestWithParam<KeyType> {};

TEST_P(Certificates, AreTrustedByThoseWhoTrustTheAuthorityOnly) {
  const CertificateAuthority ca("ours", GetParam());
  const CertificateAuthority other("other", GetParam());
  const Certificate certificate = ca.issue({.key = GetParam()});
  EXPECT_EQ(verify(certificate.chain, ca), X509_V_OK);
  EXPECT_EQ(verify(certificate.chain, other), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_P(Certificates, CarryTheirOwnKey) {
  const CertificateAuthority ca;
  const Certificate certificate = ca.issue({.key = GetParam()});
  const Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader(certificate.key).get(), nullptr, nullptr, nullptr));
  const auto leaf = next_certificate(reader(certificate.leaf).get());
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(X509_check_private_key(leaf.get(), key.get()), 1);
}

INSTANTIATE_TEST_SUITE_P(OfEveryKeyType, Certificates,
                         ::testing::Values(KeyType::p256, KeyType::p384, KeyType::ed25519, KeyType::rsa2048));

TEST(CertificateAuthority, IssuesForDnsNamesAndAddresses) {
  const Certificate certificate = CertificateAuthority().issue({.names = {"*.mcq.test", "127.0.0.1", "::1"}});
  const auto leaf = next_certificate(reader(certificate.leaf).get());
  EXPECT_EQ(X509_check_host(leaf.get(), "www.mcq.test", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "other.test", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.2", 0), 0);
}

TEST(CertificateAuthority, IssuesExpiredAndFutureCertificates) {
  const CertificateAuthority ca;
  const auto now = std::chrono::system_clock::now();
  const auto day = std::chrono::hours(24);
  EXPECT_EQ(verify(ca.issue({.not_before = now - 2 * day, .not_after = now - day}).chain, ca),
            X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify(ca.issue({.not_before = now + day, .not_after = now + 2 * day}).chain, ca),
            X509_V_ERR_CERT_NOT_YET_VALID);
}

TEST(CertificateAuthority, NeedsTheChainBelowAnIntermediate) {
  const CertificateAuthority root;
  const Certificate certificate = root.intermediate("first").intermediate("second").issue();
  EXPECT_EQ(verify(certificate.chain, root), X509_V_OK);
  EXPECT_EQ(verify(certificate.leaf, root), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

}  // namespace
}  // namespace mcdsl::testing
