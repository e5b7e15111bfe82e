#include "mcdsl/crypto/ed25519.h"

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"

namespace mcdsl::crypto {
namespace {

std::string_view text(const Ed25519Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

std::string from_hex(std::string_view hex) {
  return hex_decode(hex).value();
}

Ed25519PublicKey public_key(std::string_view hex) {
  return value_or_throw(Ed25519PublicKey::from_bytes(from_hex(hex)));
}

// RFC 8032 §7.1, TEST 2, and its key as PKCS #8 (RFC 8410 §7).
constexpr std::string_view kPublic = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr std::string_view kSignature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
constexpr const char* kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

TEST(Ed25519, VerifiesTheSignatureOfTheStandard) {
  EXPECT_TRUE(public_key(kPublic).verify("\x72", from_hex(kSignature)));
}

TEST(Ed25519, RefusesAChangedMessageSignatureOrKey) {
  const auto key = Ed25519PrivateKey::generate();
  const auto signature = key.sign("message");
  EXPECT_TRUE(key.public_key().verify("message", text(signature)));
  EXPECT_FALSE(key.public_key().verify("messagf", text(signature)));
  EXPECT_FALSE(Ed25519PrivateKey::generate().public_key().verify("message", text(signature)));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] ^= 1U;
    EXPECT_FALSE(key.public_key().verify("message", text(changed))) << "byte " << i;
  }
}

TEST(Ed25519, RefusesSignaturesOfAnyOtherLength) {
  const auto key = Ed25519PrivateKey::generate();
  const auto signature = key.sign("message");
  EXPECT_FALSE(key.public_key().verify("message", ""));
  EXPECT_FALSE(key.public_key().verify("message", text(signature).substr(1)));
  EXPECT_FALSE(key.public_key().verify("message", std::string(text(signature)) + '\0'));
}

TEST(Ed25519, SignsAnEmptyMessage) {
  const auto key = Ed25519PrivateKey::generate();
  EXPECT_TRUE(key.public_key().verify("", text(key.sign(""))));
}

TEST(Ed25519, ReadsTheKeysThatOpensslWrites) {
  const auto key = Ed25519PrivateKey::from_pem(Secret(kPem));
  ASSERT_TRUE(key) << key.error().to_string();
  EXPECT_EQ(hex_encode(key->public_key().bytes()), kPublic);
  EXPECT_EQ(hex_encode(text(key->sign("\x72"))), kSignature);
  EXPECT_TRUE(key->to_pem().matches(kPem));
}

TEST(Ed25519, RefusesOtherKeysWithoutQuotingThem) {
  const std::string damaged = std::string(kPem).replace(40, 4, "!!!!");
  for (const std::string& pem : {std::string(), std::string("hunter2"), damaged}) {
    const auto key = Ed25519PrivateKey::from_pem(Secret(pem));
    ASSERT_FALSE(key) << pem;
    EXPECT_EQ(key.error().code(), Code::invalid_argument);
    EXPECT_EQ(key.error().to_string(), "not an unencrypted Ed25519 private key in PEM (PKCS #8)");
  }
}

TEST(Ed25519, WantsPublicKeysOfThirtyTwoBytes) {
  EXPECT_FALSE(Ed25519PublicKey::from_bytes(std::string(31, 'x')));
  EXPECT_FALSE(Ed25519PublicKey::from_bytes(std::string(33, 'x')));
  EXPECT_FALSE(Ed25519PublicKey::from_bytes(""));
}

TEST(Ed25519, VerifiesNothingWithBytesThatAreNoPointOfTheCurve) {
  const auto key = public_key("0200000000000000000000000000000000000000000000000000000000000000");
  EXPECT_FALSE(key.verify("\x72", from_hex(kSignature)));
}

}  // namespace
}  // namespace mcdsl::crypto
