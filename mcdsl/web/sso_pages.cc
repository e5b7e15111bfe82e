#include <utility>

#include "mcdsl/web/internal/return_to.h"
#include "mcdsl/web/internal/site_state.h"

namespace mcdsl::web {
namespace {

using http::Request;
using http::Response;

std::string sentence(const Error& error) {
  std::string text(error.code() == Code::unavailable ? "The identity service does not answer"
                                                     : std::string(error.public_text()));
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text + ".";
}

}  // namespace

void Site::State::add_sso_routes(http::Router& pages) const {
  pages.get("/sso/redirect", [this](const Request& request) { return begin_sso(request); });
  pages.get("/sso/callback", [this](Request& request) { return finish_sso(request); });
}

Response Site::State::begin_sso(const Request& request) const {
  const auto begin = sso->begin(request.headers(), internal::return_to_of_query(request.query()));
  Response response = http::text("").with_status(303);
  response.headers.add("location", begin.location);
  response.headers.add("cache-control", "no-store");
  for (const std::string& name : begin.excess) {
    http::expire_cookie(response, {.name = name, .same_site = http::SameSite::lax});
  }
  http::set_cookie(response, begin.cookie);
  return response;
}

Response Site::State::finish_sso(Request& request) const {
  const auto refuse = [&](const Error& error, std::string_view again) {
    const int status = error.code() == Code::failed_precondition || error.code() == Code::unauthenticated
                           ? 400
                           : http_status(error.code());
    Response response = problem(request, status,
                                "You could not be logged in. " + sentence(error) +
                                    " Logins do not survive the back button or a long wait: begin a new one.",
                                again, "Log in again");
    response.error = std::make_shared<const Error>(error);
    return response;
  };
  const auto finish = sso->finish(request);
  if (!finish) {
    return refuse(finish.error(), "/login");
  }
  const std::string again = "/login?return_to=" + http::percent_encode(finish->return_to);
  const auto forget_state = [&](Response& response) {
    http::expire_cookie(response, {.name = finish->cookie_name, .same_site = http::SameSite::lax});
  };
  const auto session = authenticator.exchange(finish->code);
  Response response = see_other(request, finish->return_to);
  const auto begun = session ? begin_session(request, response, *session) : fail(session.error());
  if (!begun) {
    response = refuse(begun.error(), again);
  }
  forget_state(response);
  return response;
}

}  // namespace mcdsl::web
