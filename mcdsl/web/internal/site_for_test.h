#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/secret_watch.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/site.h"

namespace mcdsl::web::internal {

/// A browser as far as a server sees it: keeps cookies, says where a request comes from, fills in forms. It sends
/// cookies whatever their SameSite says: the worst case.
class TestBrowser {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit TestBrowser(const http::Application& application, std::string origin = "https://notes.example.org")
      : application_(application), origin_(std::move(origin)) {}

  http::Response get(std::string_view target, const Fields& headers = {});
  /// A form with these fields, urlencoded, from one of our own pages.
  http::Response post(std::string_view target, const Fields& form, const Fields& headers = {});
  http::Response send(http::Method method, std::string_view target, std::string_view body, const Fields& headers);

  /// The token that the last page had in a form; empty where it had none.
  [[nodiscard]] const std::string& csrf_token() const { return csrf_token_; }
  [[nodiscard]] std::string cookie(const std::string& name) const;
  void set_cookie(const std::string& name, const std::string& value) { cookies_[name] = value; }
  /// Copies all cookies of another: what a thief or an attacker who plants them does.
  void take_cookies(const TestBrowser& other) { cookies_ = other.cookies_; }

 private:
  void keep_cookies(const http::Response& response);

  const http::Application& application_;
  std::string origin_;
  std::map<std::string, std::string> cookies_;
  std::string csrf_token_;
};

/// A site with a page, a form and a route for programs, before an identity service that knows alice and mallory; with
/// an access log. At its end it fails the test if a secret that went through it is in its log.
class TestSite {
 public:
  explicit TestSite(bool with_sso = false);
  ~TestSite();
  TestSite(const TestSite&) = delete;
  TestSite& operator=(const TestSite&) = delete;

  /// Logs in by the form, ending at `return_to`.
  http::Response log_in(TestBrowser& browser, const std::string& username = "alice",
                        const std::string& return_to = "/");

  static constexpr const char* kSession = "__Host-notes_session";
  static constexpr const char* kPreSession = "__Host-notes_pre";

  testing::TempDir dir;
  testing::ManualClock clock;
  testing::LogCapture log;
  testing::FakeMcias mcias{clock};
  auth::Authenticator authenticator;
  Assets assets;
  Templates templates;
  Site site;
  http::Router router;
  http::Pipeline pipeline;
  testing::SecretWatch application{pipeline};
  std::atomic<int> notes = 0;             ///< how often the form came through
  std::atomic<std::size_t> uploaded = 0;  ///< bytes of files

 private:
  void add_routes();
};

/// What `set-cookie` says of a cookie, the value left out; empty where the response does not set it.
[[nodiscard]] std::string cookie_attributes(const http::Response& response, std::string_view name);

}  // namespace mcdsl::web::internal
