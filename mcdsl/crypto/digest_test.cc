#include "mcdsl/crypto/digest.h"

#include <array>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"

namespace mcdsl::crypto {
namespace {

using ::testing::MatchesRegex;

struct Vector {
  std::string bytes;
  std::string_view digest;
};

// FIPS 180-4's examples and those NIST publishes beside it (CSRC, "Examples with Intermediate Values").
std::vector<Vector> sha256_vectors() {
  return {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
      {std::string(55, '\0'), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
      {std::string(64, '\0'), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
}

TEST(Sha256, GivesTheDigestsOfFips180) {
  for (const Vector& vector : sha256_vectors()) {
    EXPECT_EQ(to_hex(sha256(vector.bytes)), vector.digest) << vector.bytes.size() << " bytes";
  }
}

TEST(Sha256, GivesTheSameDigestsOnManyThreads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      }
    });
  }
}

TEST(Sha256, ShowsItsBytesAsText) {
  const Sha256 digest = sha256("abc");
  EXPECT_EQ(as_bytes(digest).size(), 32U);
  EXPECT_EQ(hex_encode(as_bytes(digest)), to_hex(digest));
}

TEST(Sha256Stream, DigestsPiecesAsTheWhole) {
  for (const Vector& vector : sha256_vectors()) {
    Sha256Stream stream;
    for (std::size_t at = 0; at < vector.bytes.size(); at += 997) {
      stream.update(std::string_view(vector.bytes).substr(at, 997));
    }
    EXPECT_EQ(to_hex(stream.finish()), vector.digest) << vector.bytes.size() << " bytes";
  }
}

TEST(Sha256Stream, IsAsNewAfterFinish) {
  Sha256Stream stream;
  stream.update("something else");
  EXPECT_NE(stream.finish(), sha256("abc"));
  stream.update("abc");
  EXPECT_EQ(stream.finish(), sha256("abc"));
}

TEST(Sha256Stream, TellsTheDigestSoFarAndGoesOn) {
  Sha256Stream stream;
  stream.update("a");
  EXPECT_EQ(stream.so_far(), sha256("a"));
  stream.update("bc");
  EXPECT_EQ(stream.so_far(), sha256("abc"));
  EXPECT_EQ(stream.finish(), sha256("abc"));
}

TEST(Sha256Stream, TakesItsStateAlongWhenMoved) {
  Sha256Stream first;
  first.update("a");
  Sha256Stream second = std::move(first);
  second.update("bc");
  EXPECT_EQ(second.finish(), sha256("abc"));
}

struct HmacVector {
  std::string key;
  std::string bytes;
  std::string_view code;
};

TEST(HmacSha256, GivesTheCodesOfRfc4231) {
  const std::array<HmacVector, 6> vectors{{
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {hex_decode("0102030405060708090a0b0c0d0e0f10111213141516171819").value(), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
       "hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  }};
  for (const HmacVector& vector : vectors) {
    EXPECT_EQ(to_hex(hmac_sha256(vector.key, vector.bytes)), vector.code) << vector.bytes;
  }
}

TEST(HmacSha256, TakesAnEmptyKeyAndAnEmptyText) {
  EXPECT_EQ(to_hex(hmac_sha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(hmac_sha256(std::string_view(), ""), hmac_sha256("", ""));
}

TEST(RandomBytes, GivesAsManyAsAskedAndNeverTheSameTwice) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(1000).size(), 1000U);
  EXPECT_NE(random_bytes(16), random_bytes(16));
  EXPECT_FALSE(random_bytes(1000).ends_with(std::string(16, '\0')));
}

TEST(RandomUuid, IsOfVersion4AndNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = random_uuid();
    EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

}  // namespace
}  // namespace mcdsl::crypto
