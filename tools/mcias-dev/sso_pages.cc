#include "tools/mcias-dev/sso_pages.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/auth/server_messages.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/csrf/guard.h"
#include "mcdsl/csrf/keys.h"
#include "mcdsl/csrf/origin.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/http/cookie.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/json/decode.h"
#include "tools/mcias-dev/rest.h"
#include "tools/mcias-dev/sso_html.h"

namespace mcias {
namespace {

namespace csrf = mcdsl::csrf;
namespace http = mcdsl::http;
namespace protocol = mcdsl::auth::protocol;
using mcdsl::Code;
using mcdsl::Result;

constexpr std::size_t kMaxBody = std::size_t{16} << 10U;
constexpr std::size_t kMaxFields = 20;
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kNonceBytes = 16;
constexpr std::string_view kCookie = "__Host-mcias_login";

std::string random_text(std::size_t bytes) {
  return mcdsl::base64url_encode(mcdsl::crypto::random_bytes(bytes));
}

// There is no session with this server, so the form is bound to a cookie that says nothing but "the same browser". One
// that is there is kept, also after a login: a new one would spoil the page in the next tab.
std::string binding_of(const http::Request& request) {
  const auto cookie = http::find_cookie(request.headers(), kCookie);
  const auto bytes = cookie ? mcdsl::base64url_decode(*cookie) : std::nullopt;
  return bytes && bytes->size() == kRandomBytes ? std::string(*cookie) : random_text(kRandomBytes);
}

// Lax, since the way to the login page begins at another site.
http::Cookie cookie_with(std::string_view value) {
  return {.name = std::string(kCookie), .value = std::string(value), .same_site = http::SameSite::lax};
}

// Browsers hold a redirect behind a form to `form-action`, too: the service must stand there. The referrer policy is
// not `no-referrer`, under which the form would come with `Origin: null` (Fetch, "append a request Origin header").
http::Response page(int status, std::string html, std::string_view nonce, std::string_view form_target) {
  const std::string policy = "default-src 'none'; style-src 'nonce-" + std::string(nonce) + "'; form-action 'self'" +
                             (form_target.empty() ? "" : " " + std::string(form_target)) +
                             "; frame-ancestors 'none'; base-uri 'none'";
  return http::html(std::move(html))
      .with_status(status)
      .with_header("content-security-policy", policy)
      .with_header("referrer-policy", "same-origin")
      .with_header("cache-control", "no-store")
      .with_header("x-content-type-options", "nosniff");
}

http::Response show_problem(const mcdsl::Error& error) {
  const std::string nonce = random_text(kNonceBytes);
  return page(mcdsl::http_status(error.code()), problem_page(error.public_text(), nonce), nonce, {});
}

struct TokenRequest {
  mcdsl::auth::AuthorizationCode code;

  void bind(mcdsl::json::Fields& fields) {
    fields.required(protocol::kCode, code.code);
    fields.required(protocol::kClientId, code.client_id);
    fields.required(protocol::kRedirectUri, code.redirect_uri);
    fields.required(protocol::kCodeVerifier, code.code_verifier);
  }
};

class Pages {
 public:
  Pages(const Sso& sso, const Config& config, const mcdsl::Clock& clock)
      : sso_(sso),
        keys_(config.web_key_file(), clock),
        guard_(keys_, {.max_age = std::chrono::hours(1), .clock = clock}),
        public_url_(config.web.public_url) {}

  [[nodiscard]] http::Response ask(const http::Request& request) const {
    const auto parameters = http::Form::parse(request.query(), kMaxFields);
    const auto wanted = parameters ? sso_.check(*parameters) : mcdsl::fail(parameters.error());
    return wanted ? show_login(request, *wanted, kOk, {}, {}) : show_problem(wanted.error());
  }

  [[nodiscard]] http::Response log_in(const http::Request& request) const {
    const auto form = http::Form::of(request, kMaxFields);
    const auto wanted = form ? sso_.check(*form) : mcdsl::fail(form.error());
    if (!wanted) {
      return show_problem(wanted.error());
    }
    const auto username = form->get(kUsernameField);
    const auto password = form->get(kPasswordField);
    const auto totp = form->find(kTotpField);
    for (const auto* field : {&username, &password}) {
      if (!*field) {
        return show_problem(field->error());
      }
    }
    if (!totp) {
      return show_problem(totp.error());
    }
    if (const auto ours = check_form(request, *form); !ours) {
      return show_login(request, *wanted, http::error(ours.error()).status, *username,
                        "This page was open too long, or the form came from elsewhere. Please try again.");
    }
    auto target = sso_.log_in(*wanted,
                              {.username = std::string(*username),
                               .password = mcdsl::Secret(std::string(*password)),
                               .totp_code = mcdsl::Secret(std::string(totp->value_or("")))},
                              request.peer().address);
    if (!target) {
      return show_refusal(request, *wanted, *username, target.error());
    }
    return http::text("")
        .with_status(kFound)
        .with_header("location", target->reveal())
        .with_header("cache-control", "no-store")
        .with_header("referrer-policy", "no-referrer");
  }

 private:
  static constexpr int kOk = 200;
  static constexpr int kFound = 302;

  [[nodiscard]] http::Response show_login(const http::Request& request, const SsoRequest& wanted, int status,
                                          std::string_view username, std::string_view problem) const {
    const std::string binding = binding_of(request);
    const std::string nonce = random_text(kNonceBytes);
    const std::string html = login_page({.request = wanted,
                                         .csrf_token = guard_.issue(binding),
                                         .nonce = nonce,
                                         .username = username,
                                         .problem = problem});
    http::Response response = page(status, html, nonce, redirect_origin(wanted.redirect_uri).value());
    http::set_cookie(response, cookie_with(binding));
    return response;
  }

  [[nodiscard]] http::Response show_refusal(const http::Request& request, const SsoRequest& wanted,
                                            std::string_view username, const LoginRefusal& refusal) const {
    const http::Response plain = http::error(refusal.error);
    http::Response response = show_login(request, wanted, plain.status, username, refusal.error.public_text());
    response.error = plain.error;
    if (refusal.wait) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*refusal.wait);
      response.headers.set("retry-after", std::to_string(seconds.count()));
    }
    return response;
  }

  // Whether a page of ours made the form, for this browser.
  [[nodiscard]] Result<void> check_form(const http::Request& request, const http::Form& form) const {
    const auto own = csrf::Origin::parse(
        public_url_.empty() ? "https://" + std::string(request.header("host").value_or("")) : public_url_);
    if (!own) {
      return mcdsl::fail(own.error().wrap("Host").with_code(Code::permission_denied));
    }
    if (const auto source = csrf::check_source(
            *own, {.sec_fetch_site = request.header("sec-fetch-site"), .origin = request.header("origin")});
        !source) {
      return source;
    }
    const auto cookie = http::find_cookie(request.headers(), kCookie);
    const auto token = form.get(kCsrfField);
    if (!cookie || cookie->empty() || !token) {
      return mcdsl::fail(Code::permission_denied, "the login form has no cookie or no token");
    }
    return guard_.check(*cookie, *token);
  }

  const Sso& sso_;
  const csrf::KeyFile keys_;
  const csrf::Guard guard_;
  const std::string public_url_;
};

Result<http::Response> redeem(const Sso& sso, const http::Request& request) {
  const auto wanted = mcdsl::json::decode<TokenRequest>(request.body());
  if (!wanted) {
    return mcdsl::fail(wanted.error());
  }
  const auto session = sso.redeem(wanted->code);
  if (!session) {
    return mcdsl::fail(session.error());
  }
  return http::json(mcdsl::auth::encode_session(*session));
}

}  // namespace

void add_sso_routes(http::Router& router, const Sso& sso, const Config& config, const mcdsl::Clock& clock) {
  const http::RouteOptions small{.max_body_bytes = kMaxBody};
  const auto pages = std::make_shared<const Pages>(sso, config, clock);
  router.get(protocol::kSsoAuthorizePath, [pages](const http::Request& request) { return pages->ask(request); });
  router.post(
      protocol::kSsoAuthorizePath, [pages](const http::Request& request) { return pages->log_in(request); }, small);
  router.group([&](http::Router& calls) {
    calls.use(error_words());
    calls.use(http::recover());
    calls.use(http::require_json());
    calls.post(protocol::kSsoTokenPath, [&sso](const http::Request& request) { return redeem(sso, request); }, small);
  });
}

}  // namespace mcias
