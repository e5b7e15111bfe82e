#include "mcdsl/net/certificate.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/openssl.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using testing::Certificate;
using testing::CertificateAuthority;

class CertificateStoreTest : public ::testing::Test {
 protected:
  CertificateStore store() const { return {dir_ / "cert.pem", dir_ / "key.pem", log_.logger()}; }
  void write(const std::string& certificate, const std::string& key) const {
    dir_.write("cert.pem", certificate);
    std::filesystem::permissions(dir_.write("key.pem", key),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }

  // Why a pair is refused at start.
  std::string refusal(const std::string& certificate, const std::string& key) const {
    write(certificate, key);
    try {
      const auto refused = store();
    } catch (const Exception& problem) {
      EXPECT_EQ(problem.error().code(), Code::failed_precondition);
      return problem.what();
    }
    ADD_FAILURE() << "the pair was taken";
    return {};
  }

  std::vector<CertificateFinding> findings_of(const Certificate& certificate) const {
    write(certificate.chain, certificate.key);
    return store().findings();
  }

  const testing::TempDir dir_;
  const testing::LogCapture log_;
  const CertificateAuthority ca_;
};

bool has(const std::vector<CertificateFinding>& findings, log::Level level, std::string_view text) {
  return std::ranges::any_of(
      findings, [&](const CertificateFinding& each) { return each.level == level && each.text.contains(text); });
}

template <class Write>
std::string pem(Write write) {
  const OpensslPtr<BIO> out(BIO_new(BIO_s_mem()));
  write(out.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string encrypted(const std::string& key) {
  const OpensslPtr<BIO> in(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const OpensslPtr<EVP_PKEY> parsed(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  return pem([&](BIO* out) {
    PEM_write_bio_PKCS8PrivateKey(out, parsed.get(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
  });
}

// Signs itself, and has no subjectAltName.
Certificate nameless_certificate(OpensslPtr<EVP_PKEY> key) {
  const OpensslPtr<X509> certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400L * 100);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const std::string text = pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); });
  return {.leaf = text, .chain = text, .key = pem([&](BIO* out) {
                                         PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr,
                                                                  nullptr);
                                       })};
}

TEST_F(CertificateStoreTest, TakesAGoodChainOfEveryKeyTypeWithoutAFinding) {
  for (const auto type : {testing::KeyType::p256, testing::KeyType::p384, testing::KeyType::rsa2048}) {
    const auto certificate =
        ca_.intermediate().issue({.key = type, .not_after = std::chrono::system_clock::now() + std::chrono::days(60)});
    EXPECT_TRUE(findings_of(certificate).empty());
    EXPECT_NE(store().context(), nullptr);
  }
}

TEST_F(CertificateStoreTest, TakesAnEd25519KeyAndSaysWhoDoesNot) {
  const auto findings = findings_of(ca_.intermediate().issue(
      {.key = testing::KeyType::ed25519, .not_after = std::chrono::system_clock::now() + std::chrono::days(60)}));
  EXPECT_EQ(findings.size(), 1U);
  EXPECT_TRUE(has(findings, log::Level::info, "browsers do not take it"));
}

TEST_F(CertificateStoreTest, RefusesAKeyThatTls13HasNoUseFor) {
  const auto certificate = nameless_certificate(OpensslPtr<EVP_PKEY>(EVP_EC_gen("secp256k1")));
  const std::string why = refusal(certificate.chain, certificate.key);
  EXPECT_TRUE(why.contains("key.pem") && why.contains("secp256k1")) << why;
}

TEST_F(CertificateStoreTest, RefusesAnRsaKeyThatIsTooShort) {
  const auto certificate = nameless_certificate(OpensslPtr<EVP_PKEY>(EVP_RSA_gen(1024)));
  const std::string why = refusal(certificate.chain, certificate.key);
  EXPECT_TRUE(why.contains("too small")) << why;
}

TEST_F(CertificateStoreTest, RefusesAMissingFileByName) {
  write(ca_.issue().chain, "");
  std::filesystem::remove(dir_ / "key.pem");
  try {
    const auto refused = store();
    FAIL() << "the pair was taken";
  } catch (const Exception& problem) {
    EXPECT_TRUE(std::string(problem.what()).contains("key.pem")) << problem.what();
  }
}

TEST_F(CertificateStoreTest, RefusesAKeyOfAnotherCertificate) {
  const std::string why = refusal(ca_.issue().chain, ca_.issue().key);
  EXPECT_TRUE(why.contains("cert.pem") && why.contains("does not belong")) << why;
}

TEST_F(CertificateStoreTest, RefusesAChainWhoseLeafIsNotFirst) {
  const auto intermediate = ca_.intermediate();
  const auto certificate = intermediate.issue();
  const std::string why = refusal(intermediate.certificate() + certificate.leaf, certificate.key);
  EXPECT_TRUE(why.contains("leaf must come first")) << why;
}

TEST_F(CertificateStoreTest, RefusesWhatIsNoCertificate) {
  const auto certificate = ca_.issue();
  EXPECT_TRUE(refusal("", certificate.key).contains("no certificate in PEM"));
  EXPECT_TRUE(refusal("not PEM at all\n", certificate.key).contains("no certificate in PEM"));
  EXPECT_TRUE(refusal(certificate.key, certificate.key).contains("no certificate in PEM"));
}

TEST_F(CertificateStoreTest, RefusesADamagedCertificateAnywhereInTheChain) {
  const auto intermediate = ca_.intermediate();
  const auto certificate = intermediate.issue();
  std::string damaged = intermediate.certificate();
  damaged.replace(damaged.find('\n') + 20, 4, "!!!!");
  EXPECT_TRUE(refusal(certificate.leaf + damaged, certificate.key).contains("damaged"));
  const std::string half = certificate.leaf + intermediate.certificate().substr(0, 200);
  EXPECT_TRUE(refusal(half, certificate.key).contains("damaged"));
}

TEST_F(CertificateStoreTest, RefusesWhatIsNoKeyAndNeverShowsIt) {
  const auto certificate = ca_.issue();
  EXPECT_TRUE(refusal(certificate.chain, "").contains("no usable private key"));
  EXPECT_TRUE(refusal(certificate.chain, certificate.leaf).contains("no usable private key"));
  const std::string damaged = certificate.key.substr(0, certificate.key.size() / 2);
  const std::string why = refusal(certificate.chain, damaged);
  EXPECT_TRUE(why.contains("no usable private key")) << why;
  EXPECT_FALSE(why.contains(damaged.substr(40, 10)));
}

TEST_F(CertificateStoreTest, RefusesAnEncryptedKeyAndSaysThatItIs) {
  const auto certificate = ca_.issue();
  const std::string why = refusal(certificate.chain, encrypted(certificate.key));
  EXPECT_TRUE(why.contains("key.pem") && why.contains("encrypted")) << why;
}

TEST_F(CertificateStoreTest, FindsDatesThatAreWrongOrNear) {
  const auto now = std::chrono::system_clock::now();
  EXPECT_TRUE(
      has(findings_of(ca_.issue({.not_before = now - 48h, .not_after = now - 1h})), log::Level::error, "expired at"));
  EXPECT_TRUE(has(findings_of(ca_.issue({.not_before = now + 1h, .not_after = now + std::chrono::days(30)})),
                  log::Level::error, "not valid before"));
  EXPECT_TRUE(has(findings_of(ca_.issue({.not_after = now + std::chrono::days(3)})), log::Level::warn, "ends soon"));
}

TEST_F(CertificateStoreTest, FindsALeafWithoutItsIntermediates) {
  const auto certificate = ca_.intermediate("the issuer").issue();
  write(certificate.leaf, certificate.key);
  const auto findings = store().findings();
  EXPECT_TRUE(has(findings, log::Level::warn, "leaf only"));
  EXPECT_TRUE(has(findings, log::Level::warn, "the issuer"));
}

TEST_F(CertificateStoreTest, FindsAChainInTheWrongOrder) {
  const auto upper = ca_.intermediate("upper");
  const auto lower = upper.intermediate("lower");
  const auto certificate = lower.issue();
  write(certificate.leaf + upper.certificate() + lower.certificate(), certificate.key);
  EXPECT_TRUE(has(store().findings(), log::Level::error, "wrong order"));
}

TEST_F(CertificateStoreTest, FindsACertificateThatNamesNoHost) {
  EXPECT_TRUE(has(findings_of(nameless_certificate(OpensslPtr<EVP_PKEY>(EVP_EC_gen("P-256")))), log::Level::error,
                  "names no host"));
}

TEST_F(CertificateStoreTest, FindsPublicNamesThatItDoesNotName) {
  const auto certificate = ca_.issue({.names = {"*.example.org", "192.0.2.7"}});
  write(certificate.chain, certificate.key);
  const CertificateStore good(dir_ / "cert.pem", dir_ / "key.pem", {}, system_clock(),
                              {"mcq.example.org", "192.0.2.7"});
  EXPECT_FALSE(has(good.findings(), log::Level::error, ""));
  const CertificateStore bad(dir_ / "cert.pem", dir_ / "key.pem", {}, system_clock(), {"example.org", "192.0.2.8"});
  EXPECT_TRUE(has(bad.findings(), log::Level::error, "does not name \"example.org\""));
  EXPECT_TRUE(has(bad.findings(), log::Level::error, "does not name \"192.0.2.8\""));
}

TEST_F(CertificateStoreTest, FindsACertificateThatIsNotForServers) {
  EXPECT_TRUE(has(findings_of(ca_.issue({.usage = "clientAuth"})), log::Level::error, "not for servers"));
}

TEST_F(CertificateStoreTest, FindsAKeyOnACurveThatBrowsersRefuse) {
  const auto certificate = nameless_certificate(OpensslPtr<EVP_PKEY>(EVP_EC_gen("P-521")));
  EXPECT_TRUE(has(findings_of(certificate), log::Level::warn, "P-521"));
}

TEST_F(CertificateStoreTest, FindsAKeyFileThatEverybodyMayRead) {
  const auto certificate = ca_.issue();
  write(certificate.chain, certificate.key);
  EXPECT_FALSE(has(store().findings(), log::Level::warn, "every account"));
  std::filesystem::permissions(dir_ / "key.pem", std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_TRUE(has(store().findings(), log::Level::warn, "key.pem: every account"));
}

TEST_F(CertificateStoreTest, CountsTheDaysThatAreLeft) {
  testing::ManualClock time;
  const auto certificate = ca_.issue({.not_before = time.now(), .not_after = time.now() + 36h});
  write(certificate.chain, certificate.key);
  const CertificateStore store(dir_ / "cert.pem", dir_ / "key.pem", {}, time);
  EXPECT_DOUBLE_EQ(store.days_left(), 1.5);
  time.advance(48h);
  EXPECT_DOUBLE_EQ(store.days_left(), -0.5);
}

TEST_F(CertificateStoreTest, KnowsWhenTheLeafEnds) {
  const auto end = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() + 100h);
  const auto certificate = ca_.issue({.not_after = end});
  write(certificate.chain, certificate.key);
  EXPECT_EQ(store().not_after(), end);
}

TEST_F(CertificateStoreTest, TakesANewPairOnReload) {
  const auto before = ca_.issue({.not_after = std::chrono::system_clock::now() + 1h});
  write(before.chain, before.key);
  auto loaded = store();
  const auto old_context = loaded.context();
  const auto end = loaded.not_after();
  const auto after = ca_.issue({.not_after = std::chrono::system_clock::now() + 100h});
  write(after.chain, after.key);
  EXPECT_TRUE(loaded.reload());
  EXPECT_GT(loaded.not_after(), end);
  EXPECT_NE(loaded.context(), old_context);
  EXPECT_TRUE(log_.contains("certificate loaded"));
}

TEST_F(CertificateStoreTest, KeepsTheLastGoodPairWhenTheNewOneIsBroken) {
  const auto good = ca_.issue();
  write(good.chain, good.key);
  auto loaded = store();
  const auto context = loaded.context();
  write(ca_.issue().chain, good.key);  // half renewed
  EXPECT_FALSE(loaded.reload());
  EXPECT_EQ(loaded.context(), context);
  EXPECT_TRUE(log_.contains("keeping the one in use"));
  std::filesystem::remove(dir_ / "cert.pem");
  EXPECT_FALSE(loaded.reload());
  EXPECT_EQ(loaded.context(), context);
}

}  // namespace
}  // namespace mcdsl::net
