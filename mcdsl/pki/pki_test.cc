#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/pki/certificate_authority.h"
#include "mcdsl/pki/certificate_info.h"

namespace mcdsl::pki {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Clock::WallTime kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
const Validity kYear{.not_before = kStart, .not_after = kStart + std::chrono::days(365)};

Code code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Exception& problem) {
    return problem.error().code();
  }
  return Code::unknown;
}

std::vector<CertificateInfo> read(const std::string& pem) {
  return read_certificates(pem).value();
}

TEST(Authority, IssuesWhatItWasAskedFor) {
  const Authority root = Authority::make("ours", kYear);
  const Issued issued = root.issue({.names = {"mcq.example.org", "*.example.org", "127.0.0.1", "::1"},
                                    .validity = {.not_before = kStart, .not_after = kStart + 24h}});
  const auto chain = read(issued.chain);
  ASSERT_EQ(chain.size(), 1U);
  const CertificateInfo& leaf = chain.front();
  EXPECT_EQ(leaf.subject, "CN=mcq.example.org");
  EXPECT_EQ(leaf.issuer, "CN=ours");
  EXPECT_THAT(leaf.names, ElementsAre("mcq.example.org", "*.example.org", "127.0.0.1", "::1"));
  EXPECT_EQ(leaf.not_before, kStart);
  EXPECT_EQ(leaf.not_after, kStart + 24h);
  EXPECT_EQ(leaf.key, "P-256");
  EXPECT_FALSE(leaf.is_authority);
  EXPECT_FALSE(leaf.is_self_issued);
  EXPECT_EQ(leaf.serial.size(), 32U);
}

TEST(Authority, IsARootThatNamesItself) {
  const auto root = read(Authority::make("ours", kYear, KeyType::p384).certificate()).front();
  EXPECT_TRUE(root.is_authority);
  EXPECT_TRUE(root.is_self_issued);
  EXPECT_EQ(root.key, "P-384");
  EXPECT_EQ(root.not_after, kYear.not_after);
}

TEST(Authority, PutsTheLeafFirstAndLeavesTheRootOut) {
  const Authority root = Authority::make("root", kYear);
  const Authority upper = root.intermediate("upper", kYear);
  const Authority lower = upper.intermediate("lower", kYear);
  const auto chain = read(lower.issue({.names = {"localhost"}, .validity = kYear}).chain);
  ASSERT_EQ(chain.size(), 3U);
  EXPECT_EQ(chain[0].subject, "CN=localhost");
  EXPECT_EQ(chain[1].subject, "CN=lower");
  EXPECT_EQ(chain[2].subject, "CN=upper");
  EXPECT_EQ(root.chain(), "");
}

TEST(Authority, ComesBackFromItsFiles) {
  const Authority root = Authority::make("root", kYear);
  const Authority below = root.intermediate("below", kYear);
  const Authority again = Authority::load(below.certificate() + root.certificate(), std::string(below.key().reveal()));
  EXPECT_EQ(again.certificate(), below.certificate());
  EXPECT_EQ(again.chain(), below.chain());
  EXPECT_EQ(again.not_after(), kYear.not_after);
  const Issued issued = again.issue({.names = {"a.example"}, .validity = kYear});
  EXPECT_EQ(read(issued.chain).at(1).subject, "CN=below");
  EXPECT_EQ(code_of([&] { (void)Authority::load(issued.leaf, issued.key.reveal()); }), Code::invalid_argument)
      << "a leaf signs nobody";
  EXPECT_EQ(code_of([&] { (void)Authority::load(root.certificate(), issued.key.reveal()); }), Code::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)Authority::load(root.certificate(), "no key"); }), Code::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)Authority::load("no certificate", issued.key.reveal()); }), Code::invalid_argument);
}

TEST(Authority, NeverGivesASerialNumberTwice) {
  const Authority root = Authority::make("ours", kYear);
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) {
    serials.insert(read(root.issue({.names = {"localhost"}, .validity = kYear}).leaf).front().serial);
  }
  EXPECT_EQ(serials.size(), 50U);
}

TEST(Authority, RefusesNamesThatAreNone) {
  const Authority root = Authority::make("ours", kYear);
  const std::string long_label(64, 'a');
  std::string long_name;
  for (int i = 0; i < 64; ++i) {
    long_name += "abc.";
  }
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a,DNS:evil.example"), std::string("a..b"), std::string(".a"),
        std::string("-a"), std::string("a\nb"), std::string("*"), std::string("a.*.b"), std::string("300.1.2.3:4"),
        std::string("https://a"), std::string("\xC3\xBC.example"), std::string("a\0b", 3),
        std::string("10.0.0.1\0b", 10), long_label, long_name}) {
    EXPECT_EQ(code_of([&] { (void)root.issue({.names = {name}, .validity = kYear}); }), Code::invalid_argument) << name;
  }
  EXPECT_EQ(code_of([&] { (void)root.issue({.names = {}, .validity = kYear}); }), Code::invalid_argument);
  EXPECT_EQ(
      code_of([&] { (void)root.issue({.names = {"a"}, .validity = {.not_before = kStart, .not_after = kStart}}); }),
      Code::invalid_argument);
}

TEST(Authority, TakesANameThatIsTooLongForACommonName) {
  const std::string name = "a." + std::string(60, 'b') + ".example.org";
  const Issued issued = Authority::make("ours", kYear).issue({.names = {name}, .validity = kYear});
  EXPECT_THAT(read(issued.leaf).front().names, ElementsAre(name));
}

TEST(CertificateInfo, ReadsEveryCertificateOfAFileAndRefusesADamagedOne) {
  const Authority first = Authority::make("first", kYear);
  const Authority second = Authority::make("second", kYear, KeyType::rsa2048);
  const auto both = read("a comment\n" + first.certificate() + second.certificate());
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1].subject, "CN=second");
  EXPECT_EQ(both[1].key, "RSA 2048");
  EXPECT_NE(both[0].sha256, both[1].sha256);
  std::string damaged = first.certificate();
  damaged.replace(damaged.size() / 2, 8, "!!!!!!!!");
  EXPECT_THAT(read_certificates(second.certificate() + damaged).error().message(), HasSubstr("damaged"));
  EXPECT_THAT(read_certificates("").error().message(), HasSubstr("no certificate"));
}

}  // namespace
}  // namespace mcdsl::pki
