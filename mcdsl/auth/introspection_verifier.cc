#include "mcdsl/auth/introspection_verifier.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "mcdsl/auth/internal/https_client.h"
#include "mcdsl/auth/internal/token_cache.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/json/decode.h"

namespace mcdsl::auth {
namespace {

using internal::Deadline;
using internal::HttpsRequest;
using internal::HttpsResponse;

constexpr long kOk = 200;
constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// RFC 7662 §2.2.
struct IntrospectionAnswer {
  bool active = false;
  std::string subject;
  std::string username;
  std::string client_id;
  std::string scope;
  std::vector<std::string> roles;
  std::optional<double> expires_at;

  void bind(json::Fields& fields) {
    fields.required("active", active);
    fields.optional("sub", subject);
    fields.optional("username", username);
    fields.optional("client_id", client_id);
    fields.optional("scope", scope);
    fields.optional("roles", roles);
    fields.optional("exp", expires_at);
  }
};

// The b64token of RFC 6750 §2.1.
bool is_bearer_token(std::string_view token) {
  const auto padding = token.find_last_not_of('=');
  return padding != std::string_view::npos && token.size() <= kMaxTokenBytes &&
         token.substr(0, padding + 1).find_first_not_of(std::string(kAlphanumeric) + "-._~+/") ==
             std::string_view::npos;
}

// application/x-www-form-urlencoded, as RFC 6749 appendix B has it.
void append_form_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kAlphanumeric.contains(c) || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
}

std::string base64_encode(std::string_view bytes) {
  std::string out = base64url_encode(bytes);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Secret basic_authorization(const IntrospectionVerifier::Settings& settings) {
  std::string pair;
  append_form_encoded(pair, settings.client_id);
  pair.push_back(':');
  append_form_encoded(pair, settings.client_secret.reveal());
  Secret authorization("Basic " + base64_encode(pair));
  wipe(pair);
  return authorization;
}

Secret introspection_body(std::string_view token) {
  std::string body = "token=";
  append_form_encoded(body, token);
  return Secret(std::move(body));
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const auto word : std::views::split(text, ' ')) {
    if (!word.empty()) {
      out.emplace_back(std::string_view(word));
    }
  }
  return out;
}

}  // namespace

class IntrospectionVerifier::State {
 public:
  State(const Settings& settings, const Clock& clock)
      : roles_from(settings.roles_from),
        authorization(basic_authorization(settings)),
        clock(clock),
        client({.url_setting = "introspection endpoint",
                .url = settings.endpoint,
                .ca_cert = settings.ca_cert,
                .timeout = settings.timeout,
                .max_connections = std::max<std::size_t>(settings.max_connections, 1),
                .logger = settings.logger}),
        cache(clock, settings.cache_entries) {}

  [[nodiscard]] internal::TokenCache::Answer ask(std::string_view token, Deadline deadline);
  [[nodiscard]] internal::TokenCache::Answer read(const HttpsRequest& request, const HttpsResponse& response) const;

  const RolesFrom roles_from;
  const Secret authorization;
  const Clock& clock;
  internal::HttpsClient client;
  internal::TokenCache cache;
};

internal::TokenCache::Answer IntrospectionVerifier::State::ask(std::string_view token, Deadline deadline) {
  const Secret body = introspection_body(token);
  const HttpsRequest request{.method = "POST",
                             .path = "",
                             .authorization = authorization.reveal(),
                             .content_type = "application/x-www-form-urlencoded",
                             .body = body.reveal()};
  const auto response = client.send(request, deadline);
  if (!response) {
    return fail(response.error());
  }
  return read(request, *response);
}

internal::TokenCache::Answer IntrospectionVerifier::State::read(const HttpsRequest& request,
                                                                const HttpsResponse& response) const {
  if (response.status != kOk) {
    return fail(client.unexpected(request, "status " + std::to_string(response.status)));
  }
  auto answer = json::decode<IntrospectionAnswer>(response.body.reveal(), {.allow_unknown_fields = true});
  if (!answer) {
    return fail(client.unexpected(request, "the answer makes no sense: " + answer.error().message()));
  }
  if (!answer->active) {
    return fail(Code::unauthenticated, "the authorization server refused the token");
  }
  const bool human = !answer->username.empty();
  auto caller = std::make_shared<Caller>();
  caller->account_type = human ? AccountType::human : AccountType::system;
  caller->username = human ? std::move(answer->username) : answer->client_id;
  caller->subject = !answer->subject.empty() || human ? std::move(answer->subject) : answer->client_id;
  if (caller->username.empty() || caller->subject.empty()) {
    return fail(client.unexpected(request, "the answer does not say whose the active token is"));
  }
  if (human) {
    caller->roles = roles_from == RolesFrom::scope ? words(answer->scope) : std::move(answer->roles);
  }
  const auto expires_at = answer->expires_at ? from_numeric_date(*answer->expires_at)
                                             : std::optional(clock.now() + internal::TokenCache::kCallerLifetime);
  if (!expires_at) {
    return fail(client.unexpected(request, "the answer's \"exp\" is out of range"));
  }
  if (*expires_at <= clock.now()) {
    return fail(Code::unauthenticated, "the token has expired");
  }
  caller->expires_at = *expires_at;
  return caller;
}

IntrospectionVerifier::IntrospectionVerifier(const Settings& settings, const Clock& clock)
    : state_(std::make_unique<State>(settings, clock)) {}

IntrospectionVerifier::~IntrospectionVerifier() = default;

Result<std::shared_ptr<const Caller>> IntrospectionVerifier::find_caller(std::string_view token,
                                                                         std::chrono::nanoseconds patience) const {
  if (!is_bearer_token(token)) {
    return fail(Code::unauthenticated, "the token is malformed: no bearer token of RFC 6750");
  }
  const auto key = crypto::sha256(token);
  if (auto known = state_->cache.find(key)) {
    return *std::move(known);
  }
  const auto deadline = state_->client.deadline(patience);
  return state_->cache.get(key, deadline, [&] { return state_->ask(token, deadline); });
}

}  // namespace mcdsl::auth
