#include "mcdsl/auth/authenticator.h"

#include <algorithm>
#include <utility>

#include "mcdsl/auth/internal/https_client.h"
#include "mcdsl/auth/internal/key_ring.h"
#include "mcdsl/auth/internal/token_cache.h"
#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::auth {
namespace {

using internal::Deadline;
using internal::HttpsRequest;
using internal::HttpsResponse;

constexpr long kOk = 200;
constexpr long kNoContent = 204;
constexpr long kBadRequest = 400;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kTooManyRequests = 429;

struct ValidationAnswer {
  bool valid = false;
  std::string subject;
  std::string username;
  std::string account_type;
  std::vector<std::string> roles;
  std::string expires_at;

  void bind(json::Fields& fields) {
    fields.required(protocol::kValid, valid);
    fields.optional(protocol::kSubject, subject);
    fields.optional(protocol::kUsername, username);
    fields.optional(protocol::kAccountType, account_type);
    fields.optional(protocol::kRoles, roles);
    fields.optional(protocol::kExpiresAt, expires_at);
  }
};

struct SessionAnswer {
  Secret token;
  std::string expires_at;

  void bind(json::Fields& fields) {
    fields.required(protocol::kToken, token);
    fields.required(protocol::kExpiresAt, expires_at);
  }
};

struct HealthAnswer {
  std::string status;

  void bind(json::Fields& fields) { fields.required(protocol::kStatus, status); }
};

// Answers of a newer identity service may say more than is known here.
template <class T>
Result<T> decode_answer(const HttpsResponse& response) {
  return json::decode<T>(response.body.reveal(), {.allow_unknown_fields = true});
}

Secret bearer(std::string_view token) {
  return Secret("Bearer " + std::string(token));
}

Secret login_body(const Credentials& credentials, const config::Mcias& settings) {
  json::Writer out;
  out.begin_object()
      .field(protocol::kUsername, credentials.username)
      .field(protocol::kPassword, credentials.password.reveal());
  if (credentials.totp_code) {
    out.field(protocol::kTotpCode, credentials.totp_code->reveal());
  }
  out.field(protocol::kServiceName, settings.service_name).key(protocol::kTags).begin_array();
  for (const auto& tag : settings.tags) {
    out.value(tag);
  }
  out.end_array().end_object();
  return Secret(std::move(out).take());
}

Secret exchange_body(const AuthorizationCode& code) {
  json::Writer out;
  out.begin_object()
      .field(protocol::kCode, code.code.reveal())
      .field(protocol::kClientId, code.client_id)
      .field(protocol::kRedirectUri, code.redirect_uri)
      .field(protocol::kCodeVerifier, code.code_verifier.reveal())
      .end_object();
  return Secret(std::move(out).take());
}

std::size_t checked_capacity(const config::Mcias& settings) {
  if (settings.cache_entries < 1) {
    throw Exception(Code::invalid_argument, "mcias.cache_entries: must be at least 1");
  }
  return static_cast<std::size_t>(settings.cache_entries);
}

std::string status_text(const HttpsResponse& response) {
  return "status " + std::to_string(response.status);
}

}  // namespace

class Authenticator::State {
 public:
  State(const config::Mcias& settings, const Options& options)
      : settings(settings),
        clock(options.clock),
        logger(options.logger),
        client({.url_setting = "mcias.server_url",
                .url = settings.server_url,
                .ca_cert = settings.ca_cert,
                .timeout = settings.timeout,
                .max_connections = std::max<std::size_t>(options.max_connections, 1),
                .logger = options.logger}),
        cache(clock, checked_capacity(settings)),
        keys(clock, [this](Deadline deadline) { return fetch_key(deadline); }) {}

  [[nodiscard]] internal::TokenCache::Answer ask(std::string_view token, const Jwt& jwt, Deadline deadline);
  [[nodiscard]] Result<std::shared_ptr<const Caller>> read_validation(const HttpsRequest& request,
                                                                      const HttpsResponse& response,
                                                                      Clock::WallTime token_expiry) const;
  [[nodiscard]] Result<Session> read_session(const HttpsRequest& request, const HttpsResponse& response) const;
  /// The session of one who logs in; `refusal` is what they are told where they may not.
  [[nodiscard]] Result<Session> read_login(const HttpsRequest& request, const HttpsResponse& response,
                                           const char* refusal) const;
  [[nodiscard]] Result<std::optional<Jwk>> fetch_key(Deadline deadline);

  const config::Mcias settings;
  const Clock& clock;
  const log::Logger logger;
  internal::HttpsClient client;
  internal::TokenCache cache;
  internal::KeyRing keys;
};

internal::TokenCache::Answer Authenticator::State::ask(std::string_view token, const Jwt& jwt, Deadline deadline) {
  if (auto genuine = keys.check(jwt, deadline); !genuine) {
    return fail(std::move(genuine).error());
  }
  const Secret authorization = bearer(token);
  const HttpsRequest request{
      .method = "POST", .path = protocol::kValidatePath, .authorization = authorization.reveal()};
  const auto response = client.send(request, deadline);
  if (!response) {
    return fail(response.error());
  }
  return read_validation(request, *response, jwt.claimed_expiry());
}

Result<std::shared_ptr<const Caller>> Authenticator::State::read_validation(const HttpsRequest& request,
                                                                            const HttpsResponse& response,
                                                                            Clock::WallTime token_expiry) const {
  if (response.status != kOk) {
    return fail(client.unexpected(request, status_text(response)));
  }
  auto answer = decode_answer<ValidationAnswer>(response);
  if (!answer) {
    return fail(client.unexpected(request, "the answer makes no sense: " + answer.error().message()));
  }
  if (!answer->valid) {
    return fail(Code::unauthenticated, "the identity service refused the token");
  }
  const auto account_type = parse_account_type(answer->account_type);
  const auto expires_at = parse_rfc3339(answer->expires_at);
  if (answer->subject.empty() || answer->username.empty() || !account_type || !expires_at) {
    return fail(client.unexpected(request, "the answer does not say whose the valid token is, or until when"));
  }
  auto caller = std::make_shared<Caller>();
  caller->subject = std::move(answer->subject);
  caller->username = std::move(answer->username);
  caller->account_type = *account_type;
  caller->expires_at = std::min(*expires_at, token_expiry);
  if (caller->account_type == AccountType::human) {  // a system account carries no role, whatever the answer says
    caller->roles = std::move(answer->roles);
  }
  if (caller->expires_at <= clock.now()) {
    return fail(Code::unauthenticated, "the token has expired");
  }
  return caller;
}

Result<Session> Authenticator::State::read_session(const HttpsRequest& request, const HttpsResponse& response) const {
  auto answer = decode_answer<SessionAnswer>(response);
  if (!answer) {
    return fail(client.unexpected(request, "the answer makes no sense: " + answer.error().message()));
  }
  const auto expires_at = parse_rfc3339(answer->expires_at);
  if (!expires_at || !Jwt::parse(answer->token.reveal())) {
    return fail(client.unexpected(request, "the answer holds no token, or not until when it is good"));
  }
  return Session{.token = std::move(answer->token), .expires_at = *expires_at};
}

Result<Session> Authenticator::State::read_login(const HttpsRequest& request, const HttpsResponse& response,
                                                 const char* refusal) const {
  switch (response.status) {
    case kOk:
      return read_session(request, response);
    case kUnauthorized:
      return fail_visible(Code::unauthenticated, refusal);
    case kForbidden:
      return fail_visible(Code::permission_denied, "this account may not log in to this service");
    case kTooManyRequests:
      return fail_visible(Code::resource_exhausted, "too many tries to log in");
    default:
      return fail(client.unexpected(request, status_text(response)));
  }
}

Result<std::optional<Jwk>> Authenticator::State::fetch_key(Deadline deadline) {
  const HttpsRequest request{.method = "GET", .path = protocol::kPublicKeyPath};
  const auto response = client.send(request, deadline);
  if (!response) {
    return fail(response.error());
  }
  auto key = response->status == kOk ? decode_jwk(response->body.reveal())
                                     : Result<Jwk>(fail(client.unexpected(request, status_text(*response))));
  if (!key) {
    logger.warn("the identity service publishes no usable key: forged tokens are not refused locally",
                {{"error", key.error().to_string()}});
    return std::optional<Jwk>();
  }
  logger.debug("fetched the identity service's public key", {{"kid", printable(key->key_id)}});
  return std::optional(*std::move(key));
}

Authenticator::Authenticator(const config::Mcias& settings, const Options& options)
    : state_(std::make_unique<State>(settings, options)) {}

Authenticator::Authenticator(const config::Mcias& settings) : Authenticator(settings, Options()) {}

Authenticator::~Authenticator() = default;

Result<std::shared_ptr<const Caller>> Authenticator::find_caller(std::string_view token,
                                                                 std::chrono::nanoseconds patience) const {
  const auto key = crypto::sha256(token);
  if (auto known = state_->cache.find(key)) {
    return *std::move(known);
  }
  const auto jwt = Jwt::parse(token);
  if (!jwt) {
    return fail(jwt.error());
  }
  if (jwt->claimed_expiry() <= state_->clock.now()) {
    return fail(Code::unauthenticated, "the token has expired");
  }
  const auto deadline = state_->client.deadline(patience);
  return state_->cache.get(key, deadline, [&] { return state_->ask(token, *jwt, deadline); });
}

Result<Session> Authenticator::login(const Credentials& credentials, std::chrono::nanoseconds patience) const {
  const Secret body = login_body(credentials, state_->settings);
  const HttpsRequest request{
      .method = "POST", .path = protocol::kLoginPath, .content_type = "application/json", .body = body.reveal()};
  const auto response = state_->client.send(request, state_->client.deadline(patience));
  if (!response) {
    return fail(response.error());
  }
  return state_->read_login(request, *response, "wrong user name, password or code");
}

Result<Session> Authenticator::exchange(const AuthorizationCode& code, std::chrono::nanoseconds patience) const {
  const Secret body = exchange_body(code);
  const HttpsRequest request{
      .method = "POST", .path = protocol::kSsoTokenPath, .content_type = "application/json", .body = body.reveal()};
  const auto response = state_->client.send(request, state_->client.deadline(patience));
  if (!response) {
    return fail(response.error());
  }
  constexpr const char* kRefusal = "the identity service does not know this login any more";
  if (response->status == kBadRequest) {  // invalid_grant (RFC 6749 §5.2)
    return fail_visible(Code::unauthenticated, kRefusal);
  }
  return state_->read_login(request, *response, kRefusal);
}

Result<void> Authenticator::logout(std::string_view token, std::chrono::nanoseconds patience) const {
  if (const auto jwt = Jwt::parse(token); !jwt) {
    return fail(jwt.error());
  }
  const auto key = crypto::sha256(token);
  const Error refusal(Code::unauthenticated, "the token was logged out");
  state_->cache.refuse(key, refusal);
  const Secret authorization = bearer(token);
  const HttpsRequest request{.method = "POST", .path = protocol::kLogoutPath, .authorization = authorization.reveal()};
  const auto response = state_->client.send(request, state_->client.deadline(patience));
  // Again: a slow call may have outlived the first refusal, and the token may have been asked about meanwhile.
  state_->cache.refuse(key, refusal);
  if (!response) {
    return fail(response.error());
  }
  if (response->status != kNoContent && response->status != kOk && response->status != kUnauthorized) {
    return fail(state_->client.unexpected(request, status_text(*response)));
  }
  return {};
}

Result<Session> Authenticator::renew(std::string_view token, std::chrono::nanoseconds patience) const {
  if (const auto jwt = Jwt::parse(token); !jwt) {
    return fail(jwt.error());
  }
  const Secret authorization = bearer(token);
  const HttpsRequest request{.method = "POST", .path = protocol::kRenewPath, .authorization = authorization.reveal()};
  const auto response = state_->client.send(request, state_->client.deadline(patience));
  if (!response) {
    return fail(response.error());
  }
  if (response->status != kOk && response->status != kUnauthorized) {
    return fail(state_->client.unexpected(request, status_text(*response)));
  }
  // Whether it was exchanged or refused: MCIAS does not take this token any more.
  state_->cache.refuse(crypto::sha256(token), Error(Code::unauthenticated, "the token was renewed or revoked"));
  if (response->status == kUnauthorized) {
    return fail(Code::unauthenticated, "the identity service refused to renew the token");
  }
  return state_->read_session(request, *response);
}

Result<void> Authenticator::ping() const {
  if (const auto answered = date(); !answered) {
    return fail(answered.error());
  }
  return {};
}

Result<std::string> Authenticator::date() const {
  const HttpsRequest request{.method = "GET", .path = protocol::kHealthPath};
  auto response = state_->client.send(request, state_->client.deadline());
  if (!response) {
    return fail(response.error());
  }
  if (response->status != kOk) {
    return fail(state_->client.unexpected(request, status_text(*response)));
  }
  const auto answer = decode_answer<HealthAnswer>(*response);
  if (!answer || answer->status != protocol::kStatusOk) {
    return fail(state_->client.unexpected(request, "the answer does not say that it is well"));
  }
  return std::move(response->date);
}

}  // namespace mcdsl::auth
