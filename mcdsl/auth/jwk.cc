#include "mcdsl/auth/jwk.h"

#include <optional>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::auth {
namespace {

// Names and words of RFC 7517 §4, RFC 8037 §2.
constexpr std::string_view kKeyType = "kty";
constexpr std::string_view kOctetKeyPair = "OKP";
constexpr std::string_view kCurve = "crv";
constexpr std::string_view kEd25519 = "Ed25519";
constexpr std::string_view kUse = "use";
constexpr std::string_view kSignature = "sig";
constexpr std::string_view kAlgorithm = "alg";
constexpr std::string_view kEdDsa = "EdDSA";
constexpr std::string_view kKeyId = "kid";
constexpr std::string_view kPoint = "x";

struct Document {
  std::string key_type;
  std::string curve;
  std::string use{kSignature};
  std::string algorithm{kEdDsa};
  std::string key_id;
  std::string point;

  void bind(json::Fields& fields) {
    fields.required(kKeyType, key_type);
    fields.required(kCurve, curve);
    fields.optional(kUse, use);
    fields.optional(kAlgorithm, algorithm);
    fields.required(kKeyId, key_id);
    fields.required(kPoint, point);
  }
};

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Code::invalid_argument, "JSON Web Key: " + std::string(why));
}

}  // namespace

std::string encode_jwk(const Jwk& jwk) {
  json::Writer out;
  out.begin_object()
      .field(kKeyType, kOctetKeyPair)
      .field(kCurve, kEd25519)
      .field(kUse, kSignature)
      .field(kAlgorithm, kEdDsa)
      .field(kKeyId, jwk.key_id)
      .field(kPoint, base64url_encode(jwk.key.bytes()))
      .end_object();
  return std::move(out).take();
}

Result<Jwk> decode_jwk(std::string_view text) {
  auto document = json::decode<Document>(text, {.allow_unknown_fields = true});
  if (!document) {
    return fail(document.error().wrap("JSON Web Key"));
  }
  if (document->key_type != kOctetKeyPair || document->curve != kEd25519) {
    return refuse("the key is not of type OKP with the curve Ed25519");
  }
  if (document->use != kSignature || document->algorithm != kEdDsa) {
    return refuse("the key is not for EdDSA signatures");
  }
  if (document->key_id.empty()) {
    return refuse("\"kid\" is empty");
  }
  const auto point = base64url_decode(document->point);
  if (!point) {
    return refuse("\"x\" is not base64url");
  }
  const auto key = crypto::Ed25519PublicKey::from_bytes(*point);
  if (!key) {
    return fail(key.error().wrap("JSON Web Key: \"x\""));
  }
  return Jwk{std::move(document->key_id), *key};
}

std::string jwk_thumbprint(const crypto::Ed25519PublicKey& key) {
  // Only the required members, in the order of their names, without white space (RFC 7638 §3).
  json::Writer out;
  out.begin_object()
      .field(kCurve, kEd25519)
      .field(kKeyType, kOctetKeyPair)
      .field(kPoint, base64url_encode(key.bytes()))
      .end_object();
  return base64url_encode(crypto::as_bytes(crypto::sha256(out.view())));
}

}  // namespace mcdsl::auth
