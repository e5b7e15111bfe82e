#include "mcdsl/auth/jwt.h"

#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::auth {
namespace {

// Header parameters of RFC 7515 §4.1.
constexpr std::string_view kAlgorithm = "alg";
constexpr std::string_view kEdDsa = "EdDSA";
constexpr std::string_view kKeyId = "kid";
constexpr std::string_view kType = "typ";
constexpr std::string_view kJwt = "JWT";
constexpr std::string_view kCritical = "crit";

constexpr double kLatestDate = 7'258'118'400;  // 2200-01-01: every clock's type can hold it

struct Header {
  std::string algorithm;
  std::string key_id;
  std::optional<std::vector<std::string>> critical;

  void bind(json::Fields& fields) {
    fields.required(kAlgorithm, algorithm);
    fields.required(kKeyId, key_id);
    fields.optional(kCritical, critical);
  }
};

struct Payload {
  Claims claims;
  std::string account_type{protocol::kHumanAccount};
  double issued_at = 0;
  double expires_at = 0;

  void bind(json::Fields& fields) {
    fields.optional(protocol::kSubjectClaim, claims.subject);
    fields.optional(protocol::kUsername, claims.username);
    fields.optional(protocol::kAccountType, account_type);
    fields.optional(protocol::kRoles, claims.roles);
    fields.optional(protocol::kIssuedAtClaim, issued_at);
    fields.required(protocol::kExpiresAtClaim, expires_at);
    fields.optional(protocol::kTokenIdClaim, claims.token_id);
    fields.optional(protocol::kIssuerClaim, claims.issuer);
  }
};

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Code::unauthenticated, "the token is malformed: " + std::string(why));
}

template <class T>
Result<T> decode_part(std::string_view part, std::string_view name) {
  const auto text = base64url_decode(part);
  if (!text) {
    return refuse(std::string(name) + " is not base64url");
  }
  auto decoded = json::decode<T>(*text, {.allow_unknown_fields = true});
  if (!decoded) {
    return refuse(std::string(name) + ": " + decoded.error().message());
  }
  return decoded;
}

std::int64_t to_seconds(Clock::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

Result<Claims> decode_claims(std::string_view part) {
  auto payload = decode_part<Payload>(part, "payload");
  if (!payload) {
    return fail(std::move(payload).error());
  }
  const auto account_type = parse_account_type(payload->account_type);
  if (!account_type) {
    return refuse("unknown account type");
  }
  const auto issued_at = from_numeric_date(payload->issued_at);
  const auto expires_at = from_numeric_date(payload->expires_at);
  if (!issued_at || !expires_at) {
    return refuse("a date out of range");
  }
  Claims claims = std::move(payload->claims);
  claims.account_type = *account_type;
  claims.issued_at = *issued_at;
  claims.expires_at = *expires_at;
  return claims;
}

}  // namespace

Result<Jwt> Jwt::parse(std::string_view token) {
  if (token.size() > kMaxTokenBytes) {
    return refuse("longer than " + std::to_string(kMaxTokenBytes) + " bytes");
  }
  const auto first_dot = token.find('.');
  const auto last_dot = token.rfind('.');
  // A third dot between these two would fail as base64url below.
  if (first_dot == last_dot) {
    return refuse("not three parts");
  }
  auto header = decode_part<Header>(token.substr(0, first_dot), "header");
  if (!header) {
    return fail(std::move(header).error());
  }
  if (header->algorithm != kEdDsa) {
    return refuse("its algorithm is not EdDSA");
  }
  if (header->critical) {
    return refuse("it demands extensions (\"crit\")");
  }
  auto claims = decode_claims(token.substr(first_dot + 1, last_dot - first_dot - 1));
  if (!claims) {
    return fail(std::move(claims).error());
  }
  auto signature = base64url_decode(token.substr(last_dot + 1));
  if (!signature || signature->size() != crypto::Ed25519Signature().size()) {
    return refuse("its signature is not one of Ed25519");
  }
  Jwt jwt;
  jwt.signed_part_ = token.substr(0, last_dot);
  jwt.signature_ = *std::move(signature);
  jwt.key_id_ = std::move(header->key_id);
  jwt.claims_ = *std::move(claims);
  return jwt;
}

Result<Claims> Jwt::verify(const crypto::Ed25519PublicKey& key) const {
  if (!key.verify(signed_part_, signature_)) {
    return fail(Code::unauthenticated, "the token's signature is not the identity service's");
  }
  return claims_;
}

std::optional<Clock::WallTime> from_numeric_date(double seconds) noexcept {
  const bool is_in_range = seconds >= 0 && seconds <= kLatestDate;  // NaN is not
  if (!is_in_range) {
    return std::nullopt;
  }
  return Clock::WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

Secret encode_jwt(const Claims& claims, std::string_view key_id, const crypto::Ed25519PrivateKey& key) {
  json::Writer header;
  header.begin_object().field(kAlgorithm, kEdDsa).field(kType, kJwt).field(kKeyId, key_id).end_object();
  json::Writer payload;
  payload.begin_object()
      .field(protocol::kIssuerClaim, claims.issuer)
      .field(protocol::kSubjectClaim, claims.subject)
      .field(protocol::kUsername, claims.username)
      .field(protocol::kAccountType, name(claims.account_type))
      .key(protocol::kRoles)
      .begin_array();
  for (const auto& role : claims.roles) {
    payload.value(role);
  }
  payload.end_array()
      .field(protocol::kIssuedAtClaim, to_seconds(claims.issued_at))
      .field(protocol::kExpiresAtClaim, to_seconds(claims.expires_at))
      .field(protocol::kTokenIdClaim, claims.token_id)
      .end_object();

  std::string token = base64url_encode(header.view()) + '.' + base64url_encode(payload.view());
  const auto signature = key.sign(token);
  token.append(".").append(base64url_encode({reinterpret_cast<const char*>(signature.data()), signature.size()}));
  return Secret(std::move(token));
}

}  // namespace mcdsl::auth
