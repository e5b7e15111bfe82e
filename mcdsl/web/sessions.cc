#include <chrono>
#include <utility>

#include "mcdsl/http/principal.h"
#include "mcdsl/web/internal/audience.h"
#include "mcdsl/web/internal/return_to.h"
#include "mcdsl/web/internal/site_state.h"
#include "mcdsl/web/internal/visit.h"

namespace mcdsl::web {
namespace {

using http::Request;
using http::Response;
using internal::Audience;
using internal::SealedSession;

constexpr std::chrono::seconds kReissueInterval = std::chrono::minutes(1);
constexpr std::size_t kMaxCookieBytes = 4096;  // RFC 6265bis §5.6

// What a csrf token is bound to; the word in front keeps a pre-session from standing for a session.
std::string session_binding(std::string_view id) {
  return "session " + std::string(id);
}
std::string pre_session_binding(std::string_view id) {
  return "pre-session " + std::string(id);
}

bool sets_cookie(const Response& response, std::string_view name) {
  for (const auto& [field, value] : response.headers) {
    if (field == "set-cookie" && value.size() > name.size() && value.starts_with(name) && value[name.size()] == '=') {
      return true;
    }
  }
  return false;
}

// A link on another site opens a page without the cookie that is for our own pages (SameSite=Strict): whether the
// person is logged in shows when they come again, from here.
bool may_lack_its_cookie(const Request& request) {
  return request.method() == http::Method::get && request.header("sec-fetch-site") == "cross-site" &&
         internal::audience_of(request) == Audience::person;
}

}  // namespace

http::Cookie Site::State::cookie(const SealedSession& session) const {
  return {.name = session_cookie,
          .value = sessions.seal(session),
          .same_site = has_sso ? http::SameSite::lax : http::SameSite::strict};
}

void Site::State::end_session(Response& response) const {
  http::expire_cookie(response,
                      {.name = session_cookie, .same_site = has_sso ? http::SameSite::lax : http::SameSite::strict});
}

Response Site::State::with_session(Request& request, const http::Handler& next) const {
  internal::Visit visit;
  const auto now = options.clock.now();
  const auto value = http::find_cookie(request.headers(), session_cookie);
  auto sealed = value ? sessions.open(*value, now) : std::nullopt;
  bool reissues = false;
  if (sealed) {
    visit.binding = session_binding(sealed->id);
    visit.token = sealed->token;
    if (auto caller = authenticator.verify(sealed->token.reveal())) {
      if (auto roles = internal::print_of((*caller)->roles); roles != sealed->roles) {
        sealed->roles = std::move(roles);
        sealed->id = internal::random_id();
        reissues = true;
      }
      request.set(http::Principal{.name = (*caller)->username});
      request.set(*caller);
      request.set(
          Session{.id = sealed->id, .caller = *caller, .token = sealed->token, .logged_in_at = sealed->logged_in_at});
      visit.page_binding = session_binding(sealed->id);
    } else if (caller.error().code() == Code::unauthenticated) {
      visit = {};
      sealed.reset();
    } else {
      visit.outage = caller.error();
    }
  }
  if (!sealed) {
    const auto pre_session = http::find_cookie(request.headers(), pre_session_cookie);
    const bool has_pre_session = pre_session && internal::is_random_id(*pre_session);
    const std::string id = has_pre_session ? std::string(*pre_session) : internal::random_id();
    visit.page_binding = pre_session_binding(id);
    if (has_pre_session) {
      visit.binding = visit.page_binding;
    } else {
      visit.new_pre_session = id;
    }
  }
  const bool has_ended = value && !sealed;
  const bool is_due = sealed && !visit.outage && now - sealed->last_seen_at >= kReissueInterval;
  request.set(std::move(visit));
  Response response = next(request);
  if (sets_cookie(response, session_cookie)) {
    return response;
  }
  if (has_ended) {
    end_session(response);
  } else if (reissues || is_due) {
    sealed->last_seen_at = now;
    http::set_cookie(response, cookie(*sealed));
    response.headers.set("cache-control", "no-store");
  }
  return response;
}

Response Site::State::require_login(Request& request, const auth::Access& access, const http::Handler& next) const {
  const Session* session = find_session(request);
  if (session == nullptr) {
    const auto* visit = request.get<internal::Visit>();
    if (visit == nullptr) {
      throw Exception(Code::internal, "Site::require_login outside of Site::add_routes");
    }
    if (visit->outage) {
      return http::error(visit->outage->wrap("look whose the session is")
                             .with_public_text("The identity service does not answer. You are still logged in: try "
                                               "again in a moment."));
    }
    return ask_to_log_in(request);
  }
  if (auto allowed = access.check(session->caller.get()); !allowed) {
    return http::error(std::move(allowed).error());
  }
  return next(request);
}

Response Site::State::ask_to_log_in(const Request& request) const {
  const std::string return_to = internal::return_to_of(request, origin);
  const std::string login = return_to == "/" ? "/login" : "/login?return_to=" + http::percent_encode(return_to);
  switch (internal::audience_of(request)) {
    case Audience::program:
      return http::error(Error(Code::unauthenticated, "no session"));
    case Audience::htmx:
      return http::text("").with_status(401).with_header("hx-redirect", login);
    case Audience::person:
      break;
  }
  if (!http::is_safe(request.method())) {
    // Not a redirect: what was typed is lost by it without a word, and a browser that holds forms to this origin
    // (form-action) would not follow it on to an identity service.
    return problem(request, 401, "Your session has ended. Log in, then send the form again.", login, "Log in");
  }
  if (!has_sso && may_lack_its_cookie(request) && !http::find_cookie(request.headers(), session_cookie)) {
    Data data = Data::object();
    data.set("path", return_to);
    return page(request, "continue.html", std::move(data), 200, Token::with_session)
        .with_header("refresh", "0; url=" + return_to);
  }
  return see_other(request, login);
}

Result<void> Site::State::begin_session(Request& request, Response& response, const auth::Session& session) const {
  const auto caller = authenticator.verify(session.token.reveal());
  if (!caller) {
    return fail(caller.error().wrap("look whose the new session is"));
  }
  const auto now = options.clock.now();
  const SealedSession sealed{.token = session.token,
                             .id = internal::random_id(),
                             .logged_in_at = now,
                             .last_seen_at = now,
                             .expires_at = session.expires_at,
                             .roles = internal::print_of((*caller)->roles)};
  const http::Cookie made = cookie(sealed);
  if (made.name.size() + made.value.size() > kMaxCookieBytes) {
    return fail(Code::internal, "the identity service's token is too long for a cookie");
  }
  // The session that was there ends, so that whoever has its cookie has nothing.
  if (const auto* visit = request.get<internal::Visit>(); visit != nullptr && visit->token) {
    if (const auto ended = authenticator.logout(visit->token->reveal()); !ended) {
      options.logger.warn("the session before a new login was not revoked", {{"error", ended.error().to_string()}});
    }
  }
  http::set_cookie(response, made);
  http::expire_cookie(response, {.name = pre_session_cookie, .same_site = http::SameSite::lax});
  response.headers.set("cache-control", "no-store");
  request.set(http::Principal{.name = (*caller)->username});
  return {};
}

}  // namespace mcdsl::web
