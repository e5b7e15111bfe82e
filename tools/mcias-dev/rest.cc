#include "tools/mcias-dev/rest.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/auth/server_messages.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/http/principal.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/json/decode.h"

namespace mcias {
namespace {

namespace auth = mcdsl::auth;
namespace http = mcdsl::http;
namespace json = mcdsl::json;
namespace protocol = mcdsl::auth::protocol;
using mcdsl::Result;

constexpr std::size_t kMaxBody = std::size_t{16} << 10U;  // a login and a token are a few KiB at most

// An error as the server writes it when it knows no machine word. One that has a word has a field more and stays.
struct PlainError {
  std::string text;

  void bind(json::Fields& fields) { fields.required(protocol::kError, text); }
};

std::string machine_word(const http::Response& response) {
  if (response.error) {
    return std::string(mcdsl::name(response.error->code()));
  }
  std::string word(http::reason_phrase(response.status));
  std::ranges::transform(word, word.begin(), [](char c) {
    return c == ' ' ? '_' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return word;
}

Result<std::string_view> bearer(const http::Request& request) {
  const auto token = request.bearer_token();
  return token ? Result<std::string_view>(*token)
               : mcdsl::fail_visible(mcdsl::Code::unauthenticated, "a bearer token is needed");
}

http::Response refusal(LoginRefusal refused) {
  http::Response response = http::error(std::move(refused.error));
  if (!refused.wait) {
    return response;
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*refused.wait);
  return std::move(response).with_header("retry-after", std::to_string(seconds.count()));  // RFC 9110 §10.2.3
}

http::Response login(Identity& identity, const http::Request& request) {
  const auto login = json::decode<auth::LoginRequest>(request.body());
  if (!login) {
    return http::error(login.error());
  }
  auto session = identity.login(*login, request.peer().address);
  return session ? http::json(auth::encode_session(*session)) : refusal(std::move(session).error());
}

Result<void> logout(const Identity& identity, const http::Request& request) {
  const auto token = bearer(request);
  return token ? identity.logout(*token) : mcdsl::fail(token.error());
}

Result<http::Response> renew(const Identity& identity, const http::Request& request) {
  const auto token = bearer(request);
  if (!token) {
    return mcdsl::fail(token.error());
  }
  const auto session = identity.renew(*token);
  if (!session) {
    return mcdsl::fail(session.error());
  }
  return http::json(auth::encode_session(*session));
}

// No token, or a body that makes no sense, is no valid token. A store that cannot tell throws: that is no answer.
http::Response validate(const Identity& identity, const http::Request& request) {
  const auto in_header = request.bearer_token();
  const auto in_body = json::decode<auth::ValidationRequest>(in_header ? std::string_view() : request.body());
  const auto caller = identity.validate(in_header.value_or(in_body ? in_body->token.reveal() : std::string_view()));
  return http::json(auth::encode_validation(caller ? &*caller : nullptr));
}

}  // namespace

http::Middleware error_words() {
  constexpr int kFirstError = 400;
  return [](http::Handler next) -> http::Handler {
    return [next = std::move(next)](http::Request& request) {
      http::Response response = next(request);
      if (response.status < kFirstError) {
        return response;
      }
      if (const auto plain = json::decode<PlainError>(response.body)) {
        response.body = auth::encode_error(plain->text, machine_word(response));
      }
      return response;
    };
  };
}

void add_routes(http::Router& router, Identity& identity) {
  const http::RouteOptions small{.max_body_bytes = kMaxBody};
  router.group([&](http::Router& calls) {
    calls.use(error_words());
    calls.use(http::recover());
    calls.post(protocol::kLogoutPath, [&](const http::Request& request) { return logout(identity, request); }, small);
    calls.post(protocol::kRenewPath, [&](const http::Request& request) { return renew(identity, request); }, small);
    calls.post(
        protocol::kValidatePath, [&](const http::Request& request) { return validate(identity, request); }, small);
    calls.get(protocol::kPublicKeyPath, [&] { return http::json(auth::encode_jwk(identity.public_key())); });
    calls.group([&](http::Router& with_body) {
      with_body.use(http::require_json());
      with_body.post(
          protocol::kLoginPath, [&](const http::Request& request) { return login(identity, request); }, small);
    });
  });
}

}  // namespace mcias
