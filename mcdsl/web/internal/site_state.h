#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/csrf/guard.h"
#include "mcdsl/csrf/keys.h"
#include "mcdsl/csrf/origin.h"
#include "mcdsl/http/cookie.h"
#include "mcdsl/web/internal/csrf_check.h"
#include "mcdsl/web/internal/session_cookie.h"
#include "mcdsl/web/internal/sso_client.h"
#include "mcdsl/web/site.h"

namespace mcdsl::web {

/// What a site is made of. site.cc has its pages, sessions.cc its sessions, login.cc logging in and out, sso_pages.cc
/// the same by single sign-on.
struct Site::State {
  State(const Options& site_options, const config::Standard& config, const auth::Authenticator& verifier);

  // site.cc
  enum class Token : std::uint8_t { always, with_session };  // whether a page without a session begins a pre-session
  [[nodiscard]] http::Response page(const http::Request& request, std::string_view name, Data data, int status,
                                    Token token = Token::always) const;
  /// A page that says what is wrong and offers a way on. `link` may be empty.
  [[nodiscard]] http::Response problem(const http::Request& request, int status, std::string_view text,
                                       std::string_view link = {}, std::string_view link_text = {}) const;
  [[nodiscard]] http::Response see_other(const http::Request& request, std::string_view path,
                                         const Flash* flash = nullptr) const;
  /// Turns an error in JSON into what the client reads, and puts on the headers that every answer has.
  [[nodiscard]] http::Response finish(const http::Request& request, http::Response response) const;

  // sessions.cc
  [[nodiscard]] http::Response with_session(http::Request& request, const http::Handler& next) const;
  [[nodiscard]] http::Response require_login(http::Request& request, const auth::Access& access,
                                             const http::Handler& next) const;
  [[nodiscard]] http::Response ask_to_log_in(const http::Request& request) const;
  /// Makes the answer begin a session with this token, in place of one that there is. Errors: unauthenticated,
  /// unavailable; internal where the token is too long for a cookie.
  [[nodiscard]] Result<void> begin_session(http::Request& request, http::Response& response,
                                           const auth::Session& session) const;
  void end_session(http::Response& response) const;

  // login.cc
  void add_login_routes(http::Router& pages) const;
  [[nodiscard]] http::Response show_login(const http::Request& request) const;
  [[nodiscard]] Result<http::Response> log_in(http::Request& request) const;
  [[nodiscard]] http::Response log_out(const http::Request& request) const;

  // sso_pages.cc
  void add_sso_routes(http::Router& pages) const;
  [[nodiscard]] http::Response begin_sso(const http::Request& request) const;
  [[nodiscard]] http::Response finish_sso(http::Request& request) const;

  const Options options;
  const auth::Authenticator& authenticator;
  const csrf::Origin origin;
  const bool has_sso;
  const std::string session_cookie;
  const std::string pre_session_cookie;
  const std::string flash_cookie;
  const std::string strict_transport_security;  // empty: none
  const csrf::KeyFile keys;
  const csrf::Guard guard;
  const internal::SessionCodec sessions;
  const internal::Sealer flash_sealer;
  const internal::CsrfCheck csrf_check;
  std::unique_ptr<const internal::SsoClient> sso;  // null where there is none

 private:
  [[nodiscard]] http::Cookie cookie(const internal::SealedSession& session) const;
};

}  // namespace mcdsl::web
