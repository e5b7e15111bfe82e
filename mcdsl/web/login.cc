#include <utility>

#include "mcdsl/http/form.h"
#include "mcdsl/web/internal/return_to.h"
#include "mcdsl/web/internal/site_state.h"
#include "mcdsl/web/internal/visit.h"

namespace mcdsl::web {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kMaxFormBytes = 16U << 10U;

Data login_data(std::string_view username, std::string_view return_to, std::string_view error) {
  Data data = Data::object();
  data.set("username", username).set("return_to", return_to).set("error", error);
  return data;
}

// A code may be typed in groups: "123 456".
std::optional<Secret> totp_code(const std::optional<std::string_view>& typed) {
  std::string code(typed.value_or(""));
  std::erase(code, ' ');
  return code.empty() ? std::nullopt : std::optional(Secret(std::move(code)));
}

std::string sentence(const Error& error) {
  switch (error.code()) {
    case Code::unauthenticated:
      return "Wrong user name, password or code.";
    case Code::permission_denied:
      return "This account may not log in here.";
    case Code::resource_exhausted:
      return "Too many tries. Wait a little, then try again.";
    case Code::unavailable:
      return "The identity service does not answer. Try again in a moment.";
    default:
      return "The login did not work. The operator finds the reason in the log.";
  }
}

}  // namespace

void Site::State::add_login_routes(http::Router& pages) const {
  pages.get("/login", [this](const Request& request) { return show_login(request); });
  if (!has_sso) {
    pages.post("/login", [this](Request& request) { return log_in(request); }, {.max_body_bytes = kMaxFormBytes});
  }
  pages.post("/logout", [this](const Request& request) { return log_out(request); }, {.max_body_bytes = kMaxFormBytes});
  pages.get("/logged-out", [this](const Request& request) {
    return page(request, "logged_out.html", Data::object(), 200, Token::with_session);
  });
}

Response Site::State::show_login(const Request& request) const {
  const std::string return_to = internal::return_to_of_query(request.query());
  if (find_session(request) != nullptr) {
    return see_other(request, return_to);
  }
  if (has_sso) {
    return see_other(request, "/sso/redirect?return_to=" + http::percent_encode(return_to));
  }
  return page(request, "login.html", login_data("", return_to, ""), 200);
}

Result<Response> Site::State::log_in(Request& request) const {
  const auto form = http::Form::of(request);
  if (!form) {
    return fail(form.error());
  }
  const auto username = form->get("username");
  const auto password = form->get("password");
  const auto code = form->find("totp_code");
  const auto wanted = form->find("return_to");
  if (!username || !password || !code) {
    return fail(!username ? username.error() : !password ? password.error() : code.error());
  }
  const std::string return_to = internal::safe_return_to(wanted ? wanted->value_or("/") : "/");
  const auto session = authenticator.login(
      {.username = std::string(*username), .password = Secret(std::string(*password)), .totp_code = totp_code(*code)});
  Response response = see_other(request, return_to);
  auto begun = session ? begin_session(request, response, *session) : fail(session.error());
  if (begun) {
    options.logger.info("logged in", {{"user", *username}});
    return response;
  }
  const Error& error = begun.error();
  Response again =
      page(request, "login.html", login_data(*username, return_to, sentence(error)), http_status(error.code()));
  again.error = std::make_shared<const Error>(error);
  return again;
}

Response Site::State::log_out(const Request& request) const {
  const auto* visit = request.get<internal::Visit>();
  const auto revoked = visit != nullptr && visit->token ? authenticator.logout(visit->token->reveal()) : Result<void>();
  const Flash untold{.text =
                         "The identity service could not be told: it does not answer. This browser has forgotten "
                         "the session all the same.",
                     .kind = Flash::Kind::problem};
  const bool is_told = revoked || revoked.error().code() == Code::unauthenticated;
  Response response = see_other(request, "/logged-out", is_told ? nullptr : &untold);
  if (!is_told) {
    response.error = std::make_shared<const Error>(revoked.error().wrap("revoke a session"));
  }
  end_session(response);
  return response;
}

}  // namespace mcdsl::web
