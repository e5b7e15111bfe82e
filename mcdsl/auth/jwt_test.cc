#include "mcdsl/auth/jwt.h"

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"

namespace mcdsl::auth {
namespace {

const crypto::Ed25519PrivateKey& signing_key() {
  static const auto key = crypto::Ed25519PrivateKey::generate();
  return key;
}

Claims claims() {
  const auto issued_at = value_or_throw(parse_rfc3339("2026-01-01T00:00:00Z"));
  return {.subject = "0b6f7c1e-6d43-4f0a-9d3b-2f7a0e2f9c11",
          .username = "alice",
          .account_type = AccountType::human,
          .roles = {"user", "editor"},
          .issued_at = issued_at,
          .expires_at = issued_at + std::chrono::hours(1),
          .token_id = "t-1",
          .issuer = "https://mcias.test"};
}

std::string token(const Claims& of = claims()) {
  return std::string(encode_jwt(of, "key-1", signing_key()).reveal());
}

// A token of this header and payload with a signature that fits.
std::string signed_token(std::string_view header, std::string_view payload) {
  std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  const auto signature = signing_key().sign(text);
  text.append(".").append(base64url_encode({reinterpret_cast<const char*>(signature.data()), signature.size()}));
  return text;
}

constexpr std::string_view kHeader = R"({"alg":"EdDSA","kid":"key-1"})";
constexpr std::string_view kPayload = R"({"exp":1767229200})";

std::string refusal(const std::string& text) {
  const auto jwt = Jwt::parse(text);
  if (jwt) {
    return "accepted";
  }
  EXPECT_EQ(jwt.error().code(), Code::unauthenticated);
  return jwt.error().message();
}

TEST(Jwt, GivesBackWhatWasIssued) {
  const std::string text = token();
  const auto jwt = Jwt::parse(text);
  ASSERT_TRUE(jwt) << jwt.error().to_string();
  EXPECT_EQ(jwt->key_id(), "key-1");
  EXPECT_EQ(jwt->claimed_expiry(), claims().expires_at);
  EXPECT_EQ(jwt->verify(signing_key().public_key()), claims());
}

TEST(Jwt, CarriesSystemAccountsWithoutRoles) {
  Claims of = claims();
  of.account_type = AccountType::system;
  of.roles.clear();
  const std::string text = token(of);
  EXPECT_EQ(value_or_throw(Jwt::parse(text)).verify(signing_key().public_key()), of);
}

TEST(Jwt, GivesNoClaimsForAnotherKeysSignature) {
  const std::string text = token();
  const auto verified = value_or_throw(Jwt::parse(text)).verify(crypto::Ed25519PrivateKey::generate().public_key());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::unauthenticated);
}

TEST(Jwt, GivesNoClaimsWhenAnyOfItsCharactersIsChanged) {
  const std::string text = token();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto jwt = Jwt::parse(changed);
    EXPECT_FALSE(jwt && jwt->verify(signing_key().public_key())) << "character " << i;
  }
}

TEST(Jwt, NeedsThreePartsOfStrictBase64url) {
  const std::string text = token();
  const auto dot = text.find('.');
  EXPECT_NE(refusal(""), "accepted");
  EXPECT_NE(refusal("."), "accepted");
  EXPECT_NE(refusal(".."), "accepted");
  EXPECT_NE(refusal("..."), "accepted");
  EXPECT_NE(refusal(text.substr(0, text.rfind('.'))), "accepted");
  EXPECT_NE(refusal(text + "."), "accepted");
  EXPECT_NE(refusal(text + ".AAAA"), "accepted");
  EXPECT_NE(refusal("." + text), "accepted");
  EXPECT_NE(refusal(text + "="), "accepted");
  EXPECT_NE(refusal(text + "\r\n"), "accepted");
  EXPECT_NE(refusal(" " + text), "accepted");
  EXPECT_NE(refusal(std::string(text).insert(dot, "=")), "accepted");
  EXPECT_EQ(refusal(text), "accepted");
}

TEST(Jwt, NeedsTheAlgorithmEdDsa) {
  EXPECT_EQ(refusal(signed_token(kHeader, kPayload)), "accepted");
  for (const auto* header :
       {R"({"alg":"none","kid":"key-1"})", R"({"alg":"HS256","kid":"key-1"})", R"({"alg":"eddsa","kid":"key-1"})",
        R"({"alg":"","kid":"key-1"})", R"({"alg":null,"kid":"key-1"})", R"({"alg":["EdDSA"],"kid":"key-1"})",
        R"({"kid":"key-1"})", R"({"alg":"none","alg":"EdDSA","kid":"key-1"})"}) {
    EXPECT_NE(refusal(signed_token(header, kPayload)), "accepted") << header;
  }
}

TEST(Jwt, IsNeverAcceptedUnsigned) {
  const std::string text = base64url_encode(R"({"alg":"none","kid":"key-1"})") + "." + base64url_encode(kPayload) + ".";
  EXPECT_NE(refusal(text), "accepted");
  EXPECT_NE(refusal(base64url_encode(kHeader) + "." + base64url_encode(kPayload) + "."), "accepted");
}

TEST(Jwt, NeedsAKeyIdAndUnderstandsNoCriticalExtension) {
  for (const auto* header : {R"({"alg":"EdDSA"})", R"({"alg":"EdDSA","kid":7})",
                             R"({"alg":"EdDSA","kid":"key-1","crit":["b64"],"b64":false})",
                             R"({"alg":"EdDSA","kid":"key-1","crit":[]})", "[]", "", "{"}) {
    EXPECT_NE(refusal(signed_token(header, kPayload)), "accepted") << header;
  }
  EXPECT_EQ(refusal(signed_token(R"({"alg":"EdDSA","kid":"key-1","typ":"JWT","jku":"https://evil.test"})", kPayload)),
            "accepted");
}

TEST(Jwt, NeedsAnExpiryAndClaimsOfTheRightType) {
  for (const auto* payload :
       {R"({})", R"({"exp":"1767229200"})", R"({"exp":-1})", R"({"exp":1e18})", R"({"exp":null})",
        R"({"exp":1767229200,"exp":1767229200})", R"({"exp":1767229200,"iat":1e300})",
        R"({"exp":1767229200,"roles":"admin"})", R"({"exp":1767229200,"roles":[1]})", R"({"exp":1767229200,"sub":7})",
        R"({"exp":1767229200,"account_type":"root"})", "[]", "7", ""}) {
    EXPECT_NE(refusal(signed_token(kHeader, payload)), "accepted") << payload;
  }
  EXPECT_EQ(refusal(signed_token(kHeader, R"({"exp":1767229200.5,"aud":["x"],"unknown":{}})")), "accepted");
}

TEST(Jwt, IsRefusedUnreadWhenTooLong) {
  const std::string payload = R"({"exp":1767229200,"x":")" + std::string(kMaxTokenBytes, 'x') + "\"}";
  EXPECT_EQ(refusal(signed_token(kHeader, payload)), "the token is malformed: longer than 8192 bytes");
}

TEST(Jwt, IsNeverQuotedInARefusal) {
  for (const auto& text : {std::string("canary"), std::string("canary.canary.canary"),
                           signed_token(R"({"alg":"canary","kid":"canary"})", R"({"exp":"canary"})"),
                           signed_token(kHeader, R"({"exp":"canary","sub":"canary"})")}) {
    EXPECT_FALSE(refusal(text).contains("canary")) << refusal(text);
  }
}

TEST(NumericDate, ReadsSecondsBetween1970And2200) {
  EXPECT_EQ(from_numeric_date(0), Clock::WallTime());
  EXPECT_EQ(from_numeric_date(1767225600.9), parse_rfc3339("2026-01-01T00:00:00Z").value());
  EXPECT_TRUE(from_numeric_date(7258118400));
  EXPECT_FALSE(from_numeric_date(7258118401));
  EXPECT_FALSE(from_numeric_date(-0.5));
  EXPECT_FALSE(from_numeric_date(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(from_numeric_date(std::numeric_limits<double>::infinity()));
}

}  // namespace
}  // namespace mcdsl::auth
