#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mcdsl/auth/access.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/function_ref.h"
#include "mcdsl/base/log.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/router.h"
#include "mcdsl/web/assets.h"
#include "mcdsl/web/data.h"
#include "mcdsl/web/session.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {

/// A message that the next page shows once.
struct Flash {
  enum class Kind : std::uint8_t { notice, problem };
  std::string text;
  Kind kind = Kind::notice;
};

/// The templates and the style sheet of the pages that every site has: `login.html`, `logged_out.html`, `error.html`,
/// `continue.html` in `layout.html`, and `problem.html`, a part. A service that has a template of such a name has its
/// own in place of it.
[[nodiscard]] TemplateSource page_templates() noexcept;
[[nodiscard]] AssetSource page_assets() noexcept;

/// The pages of a service: who is logged in, what forms may do, what browsers are told, and the pages for logging in
/// and out.
///
///     const web::Assets assets({web::page_assets(), notes::assets()});
///     const web::Templates templates({web::page_templates(), notes::templates()}, {.assets = &assets});
///     const web::Site site({.service = "notes", .title = "Notes", .templates = templates, .assets = assets}, config,
///                          authenticator);
///     site.add_routes(router, [&](http::Router& pages) {
///       pages.use(site.require_login());
///       pages.get("/", [&](const http::Request& request) { return site.page(request, "list.html", list(request)); });
///       pages.post("/notes", [&](const http::Request& request) { ... return site.see_other(request, "/", {"Saved."});
///       });
///     });
///
/// A session is a cookie, `__Host-<service>_session`, that holds the identity service's token, sealed: nothing of it is
/// kept here, so replicas that share the key file share the sessions. It ends by `web.session_idle_timeout` and
/// `web.session_lifetime`, with the token, and by logging out, which revokes the token. A request that may change
/// something has to come from one of our own pages and bring its csrf token, see README.md.
///
/// Threads: const methods are safe from any thread; requests may wait for the identity service. Lifetime: templates,
/// assets, clock and authenticator outlive the site, and that the routers.
class Site {
 public:
  struct Options {
    std::string service;  ///< "notes": a token (RFC 9110), of the cookies' names
    std::string title;    ///< "Notes": for people
    const Templates& templates;
    const Assets& assets;
    const Clock& clock = system_clock();
    log::Logger logger = {};
  };

  /// Throws config::Invalid with all findings where the configuration contradicts itself: a `public_url` that cookies
  /// would not reach, a redirect to where nobody waits. Throws Exception for a key file that cannot be used, see
  /// csrf::KeyFile, and (internal) for templates that lack a built-in page.
  Site(const Options& options, const config::Standard& config, const auth::Authenticator& authenticator);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// Goes around the whole application (http::Pipeline, Service::use): headers on every answer, and pages for people in
  /// place of JSON where an answer is an error, 404 among them.
  [[nodiscard]] http::Middleware around() const;

  /// Adds /login, /logout, /logged-out, /sso/* and the assets, and what `fill` adds: routes with `around`, the session
  /// and the check of csrf tokens about them. Routes that stream their body open it with web::open_form.
  void add_routes(http::Router& router, FunctionRef<void(http::Router& pages)> fill) const;

  /// Lets through who is logged in and whom the rule admits. Others: pages are redirected to /login and brought back,
  /// htmx gets `HX-Redirect`, programs 401. 403 where the rule says no; where the identity service cannot be asked,
  /// 503, and the session stays.
  [[nodiscard]] http::Middleware require_login(auth::Access access = auth::Access::authenticated()) const;

  /// A template as an answer that no browser keeps, under a policy by which scripts and styles run by its nonce or as
  /// files of ours. Beside `data`, an object, the template has: `csrf_token`, `nonce`, `user` (null, or `name` and
  /// `is_admin`), `flash` (null, or `text` and `is_problem`), `service`, `site_title`.
  [[nodiscard]] http::Response page(const http::Request& request, std::string_view name, Data data = Data::object(),
                                    int status = 200) const;

  /// Sends the browser to a page of ours, by GET (303), or by `HX-Redirect` where htmx asks; the message is shown
  /// there. Throws Exception (internal) for what is no path of ours.
  [[nodiscard]] http::Response see_other(const http::Request& request, std::string_view path) const;
  [[nodiscard]] http::Response see_other(const http::Request& request, std::string_view path, const Flash& flash) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Puts a new key in the place of the current one in `web.key_file`. What was made with that stays good until the next
/// time, and services that run find the new one by themselves. For a command of a service, see README.md.
/// Throws as csrf::KeyFile does.
void rotate_keys(const config::Standard& config);

}  // namespace mcdsl::web
