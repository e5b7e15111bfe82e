#include "mcdsl/httpserver/login.h"

#include <utility>

#include "mcdsl/base/time.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::httpserver {
namespace {

struct LoginRequest {
  auth::Credentials credentials;

  void bind(json::Fields& fields) {
    fields.required("username", credentials.username);
    fields.required("password", credentials.password);
    fields.optional("totp_code", credentials.totp_code);
  }
};

Result<http::Response> log_in(const auth::Authenticator& authenticator, const http::Request& request) {
  const auto input = json::decode<LoginRequest>(request.body());
  if (!input) {
    return std::unexpected(input.error());
  }
  const auto session = authenticator.login(input->credentials);
  if (!session) {
    return std::unexpected(session.error());
  }
  json::Writer out;
  out.begin_object()
      .field("token", session->token.reveal())
      .field("expires_at", format_rfc3339(session->expires_at))
      .end_object();
  return http::json(std::move(out).take()).with_header("cache-control", "no-store");
}

Result<void> log_out(const auth::Authenticator& authenticator, const http::Request& request) {
  const auto token = request.bearer_token();
  if (!token) {
    return fail(Code::unauthenticated, "logout without a token");
  }
  return authenticator.logout(*token);
}

}  // namespace

void add_login_routes(http::Router& router, const auth::Authenticator& authenticator) {
  router.route("/v1/auth", [&](http::Router& routes) {
    routes.use(http::require_json());
    routes.post("/login", [&authenticator](const http::Request& request) { return log_in(authenticator, request); });
    routes.post("/logout", [&authenticator](const http::Request& request) { return log_out(authenticator, request); });
  });
}

}  // namespace mcdsl::httpserver
