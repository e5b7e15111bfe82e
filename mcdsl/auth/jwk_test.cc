#include "mcdsl/auth/jwk.h"

#include <gtest/gtest.h>

namespace mcdsl::auth {
namespace {

// RFC 8037 appendix A.2, with the members that MCIAS adds.
constexpr std::string_view kStandardKey = R"({"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"k",)"
                                          R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kStandardKey);
  return text.replace(text.find(from), from.size(), to);
}

TEST(Jwk, IsWrittenAsItIsRead) {
  const auto jwk = decode_jwk(kStandardKey);
  ASSERT_TRUE(jwk) << jwk.error().to_string();
  EXPECT_EQ(jwk->key_id, "k");
  EXPECT_EQ(decode_jwk(encode_jwk(*jwk)), *jwk);
  EXPECT_EQ(encode_jwk(*jwk), kStandardKey);
}

TEST(Jwk, HasTheThumbprintOfTheStandard) {
  EXPECT_EQ(jwk_thumbprint(value_or_throw(decode_jwk(kStandardKey)).key),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");  // RFC 8037 appendix A.3
}

TEST(Jwk, MayLackUseAndAlgorithmAndCarryUnknownMembers) {
  EXPECT_TRUE(decode_jwk(replaced(R"("use":"sig","alg":"EdDSA",)", R"("key_ops":["verify"],)")));
}

TEST(Jwk, IsRefusedUnlessItIsAnEd25519KeyForSignatures) {
  for (const auto& text :
       {replaced("OKP", "EC"), replaced("Ed25519", "X25519"), replaced("sig", "enc"), replaced("EdDSA", "ES256"),
        replaced(R"("kid":"k")", R"("kid":"")"), replaced(R"("kid":"k",)", ""), replaced("11qY", "11q"),
        replaced("11qY", "11q+"), replaced("11qYAYKx", "11qY"), std::string(), std::string("[]"), std::string("{")}) {
    const auto jwk = decode_jwk(text);
    ASSERT_FALSE(jwk) << text;
    EXPECT_EQ(jwk.error().code(), Code::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace mcdsl::auth
