#include "mcdsl/web/site.h"

#include <array>
#include <chrono>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/config/config.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/web/internal/audience.h"
#include "mcdsl/web/internal/contradictions.h"
#include "mcdsl/web/internal/flash.h"
#include "mcdsl/web/internal/return_to.h"
#include "mcdsl/web/internal/site_state.h"
#include "mcdsl/web/internal/visit.h"

namespace mcdsl::web {
namespace {

using http::Request;
using http::Response;
using internal::Audience;

constexpr std::size_t kNonceBytes = 16;
constexpr int kFirstError = 400;
constexpr std::array<std::string_view, 6> kBuiltIn{"layout.html", "login.html",    "logged_out.html",
                                                   "error.html",  "continue.html", "problem.html"};

// Before anything is made of them.
void refuse_mistakes(const Site::Options& options, const config::Standard& config) {
  if (!http::is_token(options.service)) {
    throw Exception(Code::internal, "Site: \"" + printable(options.service) + "\" cannot be part of a cookie's name");
  }
  for (const std::string_view name : kBuiltIn) {
    if (!options.templates.has(name)) {
      throw Exception(Code::internal, "Site: there is no template " + std::string(name) +
                                          ": give Templates web::page_templates() before your own");
    }
  }
  if (auto findings = internal::contradictions(config); !findings.empty()) {
    throw config::Invalid(std::move(findings));
  }
}

std::string authorize_url(const config::Mcias& mcias) {
  std::string url = mcias.server_url;
  while (url.ends_with('/')) {
    url.pop_back();
  }
  return url.append(auth::protocol::kSsoAuthorizePath);
}

// What a page may load: scripts and styles that carry its nonce, and what this service itself has. Nothing inline,
// nothing foreign, no frame around it, and its forms go nowhere else (CSP level 3).
std::string policy_with(std::string_view nonce) {
  const std::string source = " 'nonce-" + std::string(nonce) + "'";
  return "default-src 'none'; script-src" + source + "; style-src 'self'" + source +
         "; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
         "base-uri 'none'";
}

Data user_data(const Session* session) {
  Data user;
  if (session != nullptr) {
    user.set("name", session->caller->username).set("is_admin", session->caller->is_admin());
  }
  return user;
}

Data flash_data(const std::optional<Flash>& flash) {
  Data data;
  if (flash) {
    data.set("text", flash->text).set("is_problem", flash->kind == Flash::Kind::problem);
  }
  return data;
}

struct ErrorBody {
  std::string error;
  void bind(json::Fields& fields) { fields.required("error", error); }
};

// What an error's JSON says to its reader; nullopt where the response is none.
std::optional<std::string> error_text(const Response& response) {
  if (response.status < kFirstError || response.file || response.stream ||
      http::media_type(response.headers.get("content-type").value_or("")) != "application/json") {
    return std::nullopt;
  }
  auto body = json::decode<ErrorBody>(response.body, {.allow_unknown_fields = true});
  return body ? std::optional(std::move(body->error)) : std::nullopt;
}

}  // namespace

Site::State::State(const Options& site_options, const config::Standard& config, const auth::Authenticator& verifier)
    : options(site_options),
      authenticator(verifier),
      origin(csrf::Origin::parse(config.web.public_url).value()),
      has_sso(!config.sso.redirect_uri.empty()),
      session_cookie("__Host-" + options.service + "_session"),
      pre_session_cookie("__Host-" + options.service + "_pre"),
      flash_cookie("__Host-" + options.service + "_flash"),
      // A browser would refuse plain HTTP on every port of the name: nothing for a developer's own machine.
      strict_transport_security(origin.is_loopback() ? "" : "max-age=31536000"),
      keys(internal::key_file(config), options.clock),
      guard(keys,
            {.max_age = std::chrono::ceil<std::chrono::seconds>(config.web.session_lifetime), .clock = options.clock}),
      sessions(keys, session_cookie,
               {.idle_timeout = config.web.session_idle_timeout, .lifetime = config.web.session_lifetime}),
      flash_sealer(keys, flash_cookie),
      csrf_check(guard, origin, [this](const Request& request, Error error) {
        return error.code() == Code::unauthenticated ? ask_to_log_in(request) : http::error(std::move(error));
      }) {
  if (has_sso) {
    sso = std::make_unique<internal::SsoClient>(
        internal::SsoClient::Settings{.authorize_url = authorize_url(config.mcias),
                                      .client_id = internal::client_id(config),
                                      .redirect_uri = config.sso.redirect_uri,
                                      .cookie_prefix = "__Host-" + options.service + "_sso_"},
        keys, options.clock);
  }
}

Response Site::State::page(const Request& request, std::string_view name, Data data, int status, Token token) const {
  const auto* visit = request.get<internal::Visit>();
  const Session* session = find_session(request);
  const bool has_token =
      visit != nullptr && !visit->page_binding.empty() && (session != nullptr || token == Token::always);
  const std::string nonce = base64url_encode(crypto::random_bytes(kNonceBytes));
  const auto flash_value = http::find_cookie(request.headers(), flash_cookie);
  const auto flash = flash_value ? internal::open_flash(flash_sealer, *flash_value, options.clock.now()) : std::nullopt;
  data.set("csrf_token", has_token ? guard.issue(visit->page_binding) : std::string())
      .set("nonce", nonce)
      .set("user", user_data(session))
      .set("flash", flash_data(flash))
      .set("service", options.service)
      .set("site_title", options.title);
  auto body = options.templates.render(name, data);
  if (!body) {
    return http::error(std::move(body).error());
  }
  Response response = http::html(*std::move(body)).with_status(status);
  response.headers.add("content-security-policy", policy_with(nonce));
  response.headers.add("cache-control", "no-store");
  if (has_token && visit->new_pre_session) {
    // Lax, so that a login page that is open does not lose its token when a link of another site opens a second one.
    http::set_cookie(response,
                     {.name = pre_session_cookie, .value = *visit->new_pre_session, .same_site = http::SameSite::lax});
  }
  if (flash_value) {
    http::expire_cookie(response, {.name = flash_cookie, .same_site = http::SameSite::lax});
  }
  return response;
}

Response Site::State::problem(const Request& request, int status, std::string_view text, std::string_view link,
                              std::string_view link_text) const {
  Data data = Data::object();
  data.set("status", status)
      .set("reason", http::reason_phrase(status))
      .set("text", text)
      .set("link", link)
      .set("link_text", link_text);
  const bool is_part = internal::audience_of(request) == Audience::htmx;
  Response response =
      page(request, is_part ? "problem.html" : "error.html", std::move(data), status, Token::with_session);
  if (response.status != status || response.headers.get("content-type") == "application/json") {
    // The page for errors has one itself. The person still gets to read what the matter is, in words that need no
    // escaping.
    options.logger.error("the page for errors cannot be shown",
                         {{"error", response.error ? response.error->to_string() : std::string("unknown")}});
    return http::text(std::string(http::reason_phrase(status)) + "\n").with_status(status);
  }
  return response;
}

Response Site::State::see_other(const Request& request, std::string_view path, const Flash* flash) const {
  if (!internal::is_own_path(path)) {
    throw Exception(Code::internal, "see_other: \"" + printable(path) + "\" is no path of this service");
  }
  const bool is_htmx = internal::audience_of(request) == Audience::htmx;
  Response response = http::text("").with_status(is_htmx ? 200 : 303);
  response.headers.add(is_htmx ? "hx-redirect" : "location", path);
  response.headers.add("cache-control", "no-store");
  if (flash != nullptr) {
    http::set_cookie(response, {.name = flash_cookie,
                                .value = internal::seal_flash(flash_sealer, *flash, options.clock.now()),
                                .max_age = std::chrono::minutes(1),
                                .same_site = http::SameSite::lax});
  }
  return response;
}

Response Site::State::finish(const Request& request, Response response) const {
  if (const auto text = error_text(response); text && internal::audience_of(request) != Audience::program) {
    Response shown = problem(request, response.status, *text);
    for (const auto& [name, value] : response.headers) {
      if (name != "content-type" && (name == "set-cookie" || !shown.headers.contains(name))) {
        shown.headers.add(name, value);
      }
    }
    shown.error = std::move(response.error);
    response = std::move(shown);
  }
  const auto put = [&](std::string_view name, std::string_view value) {
    if (!value.empty() && !response.headers.contains(name)) {
      response.headers.add(name, value);
    }
  };
  put("x-content-type-options", "nosniff");
  // Not "no-referrer": a browser would send `Origin: null` with our own forms then (Fetch §3.2).
  put("referrer-policy", "same-origin");
  put("strict-transport-security", strict_transport_security);
  put("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  put("cache-control", "no-store");
  return response;
}

Site::Site(const Options& options, const config::Standard& config, const auth::Authenticator& authenticator)
    : state_((refuse_mistakes(options, config), std::make_unique<State>(options, config, authenticator))) {}

Site::~Site() = default;

http::Middleware Site::around() const {
  return [state = state_.get()](http::Handler next) -> http::Handler {
    return [state, next = std::move(next)](Request& request) { return state->finish(request, next(request)); };
  };
}

void Site::add_routes(http::Router& router, FunctionRef<void(http::Router& pages)> fill) const {
  const State* state = state_.get();
  state->options.assets.add_routes(router);
  router.group([&](http::Router& pages) {
    pages.use(around());
    pages.use([state](http::Handler next) -> http::Handler {
      return [state, next = std::move(next)](Request& request) { return state->with_session(request, next); };
    });
    pages.use([state](http::Handler next) -> http::Handler {
      return [state, next = std::move(next)](Request& request) { return state->csrf_check.handle(request, next); };
    });
    state->add_login_routes(pages);
    if (state->has_sso) {
      state->add_sso_routes(pages);
    }
    pages.group([&](http::Router& own) { fill(own); });
  });
}

http::Middleware Site::require_login(auth::Access access) const {
  return [state = state_.get(), access = std::move(access)](http::Handler next) -> http::Handler {
    return [state, access, next = std::move(next)](Request& request) {
      return state->require_login(request, access, next);
    };
  };
}

Response Site::page(const Request& request, std::string_view name, Data data, int status) const {
  return state_->page(request, name, std::move(data), status);
}

Response Site::see_other(const Request& request, std::string_view path) const {
  return state_->see_other(request, path);
}

Response Site::see_other(const Request& request, std::string_view path, const Flash& flash) const {
  return state_->see_other(request, path, &flash);
}

void rotate_keys(const config::Standard& config) {
  csrf::KeyFile(internal::key_file(config)).rotate();
}

}  // namespace mcdsl::web
