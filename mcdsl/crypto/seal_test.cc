#include "mcdsl/crypto/seal.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::crypto {
namespace {

const Secret& key() {
  static const Secret instance(std::string(kSealKeyBytes, 'k'));
  return instance;
}

TEST(Seal, OpensToWhatWasSealed) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U}) {
    const std::string text(size, 't');
    const std::string sealed = seal(key(), text, "a session");
    EXPECT_EQ(sealed.size(), size + kSealOverheadBytes);
    const auto opened = open(key(), sealed, "a session");
    ASSERT_TRUE(opened) << size;
    EXPECT_EQ(opened->reveal(), text);
  }
}

// Test case 15 of the GCM specification (McGrew and Viega, appendix B): what another implementation sealed opens here.
TEST(Seal, OpensTheVectorOfTheGcmSpecification) {
  const auto bytes = [](std::string_view hex) { return hex_decode(hex).value(); };
  const Secret vector_key(bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const std::string text = bytes(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b391aafd255");
  const std::string sealed = bytes(
      "cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
      "56828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c");
  const auto opened = open(vector_key, sealed, "");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), text);
}

TEST(Seal, RefusesEveryFlippedBit) {
  const std::string sealed = seal(key(), "token", "a session");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_FALSE(open(key(), changed, "a session")) << bit;
  }
}

TEST(Seal, RefusesWhatWasCutOrMadeLonger) {
  const std::string sealed = seal(key(), "token", "");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(open(key(), sealed.substr(0, size), "")) << size;
  }
  EXPECT_FALSE(open(key(), sealed + '\0', ""));
}

TEST(Seal, RefusesAnotherKeyAndAnotherPurpose) {
  const std::string sealed = seal(key(), "token", "a session");
  EXPECT_FALSE(open(Secret(std::string(kSealKeyBytes, 'l')), sealed, "a session"));
  EXPECT_FALSE(open(key(), sealed, "a state"));
  EXPECT_FALSE(open(key(), sealed, ""));
}

TEST(Seal, NeverSealsOneTextTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(seen.insert(seal(key(), "token", "")).second);
  }
}

TEST(Seal, ThrowsForAKeyOfAnotherLength) {
  EXPECT_THROW((void)seal(Secret("short"), "token", ""), Exception);
  EXPECT_THROW((void)open(Secret(std::string(33, 'k')), std::string(40, 's'), ""), Exception);
}

}  // namespace
}  // namespace mcdsl::crypto
