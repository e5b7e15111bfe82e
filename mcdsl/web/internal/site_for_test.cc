#include "mcdsl/web/internal/site_for_test.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/access_log.h"
#include "mcdsl/web/upload.h"

namespace mcdsl::web::internal {
namespace {

using http::Request;
using http::Response;

constexpr std::array<TemplateFile, 1> kTemplates{
    {{"notes.html",
      "{{layout layout.html}}\n"
      "{{block content}}<h1>Notes</h1>\n"
      "<script nonce=\"{{nonce}}\">/* ours */</script>\n"
      "<form method=\"post\" action=\"/notes\">"
      "<input type=\"hidden\" name=\"csrf_token\" value=\"{{csrf_token}}\">"
      "</form>{{end}}\n"}}};

config::Standard config_for(const testing::TempDir& dir, const testing::FakeMcias& mcias, bool with_sso) {
  config::Standard config;
  config.database.path = dir / "notes.db";
  config.mcias = mcias.settings("notes");
  config.web.public_url = "https://notes.example.org";
  config.sso.redirect_uri = with_sso ? "https://notes.example.org/sso/callback" : "";
  return config;
}

// What a form with a file in it brings.
Result<std::size_t> read_upload(Request& request) {
  auto form = open_form(request);
  if (!form) {
    return fail(form.error());
  }
  std::size_t bytes = 0;
  for (;;) {
    const auto part = form->next_part();
    if (!part) {
      return fail(part.error());
    }
    if (!*part) {
      return bytes;
    }
    std::array<char, 16384> chunk{};
    while ((*part)->name == "file") {
      const auto count = form->read(chunk);
      if (!count) {
        return fail(count.error());
      }
      if (*count == 0) {
        break;
      }
      bytes += *count;
    }
  }
}

}  // namespace

Response TestBrowser::get(std::string_view target, const Fields& headers) {
  return send(http::Method::get, target, "", headers);
}

Response TestBrowser::post(std::string_view target, const Fields& form, const Fields& headers) {
  std::string body;
  for (const auto& [name, value] : form) {
    body += (body.empty() ? "" : "&") + http::percent_encode(name) + "=" + http::percent_encode(value);
  }
  Fields all{{"content-type", "application/x-www-form-urlencoded"}, {"origin", origin_}};
  all.insert(all.end(), headers.begin(), headers.end());
  return send(http::Method::post, target, body, all);
}

Response TestBrowser::send(http::Method method, std::string_view target, std::string_view body, const Fields& headers) {
  testing::AppClient client(application_);
  client = client.with_header("accept", "text/html,application/xhtml+xml").with_header("sec-fetch-site", "same-origin");
  std::string cookies;
  for (const auto& [name, value] : cookies_) {
    cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  }
  if (!cookies.empty()) {
    client = client.with_header("cookie", cookies);
  }
  for (const auto& [name, value] : headers) {
    client = client.with_header(name, value);
  }
  Response response = client.send(method, target, body);
  keep_cookies(response);
  constexpr std::string_view kField = R"(name="csrf_token" value=")";
  if (const auto at = response.body.find(kField); at != std::string::npos) {
    const auto start = at + kField.size();
    csrf_token_ = response.body.substr(start, response.body.find('"', start) - start);
  }
  return response;
}

std::string TestBrowser::cookie(const std::string& name) const {
  const auto found = cookies_.find(name);
  return found == cookies_.end() ? "" : found->second;
}

void TestBrowser::keep_cookies(const Response& response) {
  for (const auto& [field, value] : response.headers) {
    if (field == "set-cookie") {
      const std::string name(value.substr(0, value.find('=')));
      const std::string content(value.substr(name.size() + 1, value.find(';') - name.size() - 1));
      if (value.contains("Max-Age=0")) {
        cookies_.erase(name);
      } else {
        cookies_[name] = content;
      }
    }
  }
}

std::string cookie_attributes(const Response& response, std::string_view name) {
  for (const auto& [field, value] : response.headers) {
    if (field == "set-cookie" && value.starts_with(std::string(name) + "=")) {
      return std::string(value.substr(std::min(value.find(';'), value.size())));
    }
  }
  return "";
}

TestSite::TestSite(bool with_sso)
    : authenticator(mcias.settings("notes"), {.clock = clock, .logger = log.logger()}),
      assets(page_assets()),
      templates({page_templates(), TemplateSource(kTemplates)}, {.assets = &assets}),
      site({.service = "notes",
            .title = "Notes",
            .templates = templates,
            .assets = assets,
            .clock = clock,
            .logger = log.logger()},
           config_for(dir, mcias, with_sso), authenticator),
      pipeline((add_routes(), router), {http::access_log(log.logger(), clock), site.around()}) {
  mcias.add_user("alice", "correct horse");
  mcias.add_user("mallory", "battery staple");
  mcias.add_sso_client("notes", "https://notes.example.org/sso/callback");
}

TestSite::~TestSite() {
  EXPECT_THAT(application.kinds_in(log.text()), ::testing::IsEmpty()) << "a secret is in the log";
}

void TestSite::add_routes() {
  site.add_routes(router, [this](http::Router& pages) {
    pages.get("/open", [this](const Request& request) { return site.page(request, "notes.html"); });
    pages.get("/broken", [this](const Request& request) { return site.page(request, "missing.html"); });
    pages.get("/throws", []() -> Response { throw Exception(Code::internal, "in /srv/notes.db"); });
    pages.group([this](http::Router& members) {
      members.use(site.require_login());
      members.get("/", [this](const Request& request) { return site.page(request, "notes.html"); });
      members.get("/whoami", [](const Request& request) { return http::text(session(request).caller->username); });
      members.post("/upload",
                   [this](Request& request) -> Result<Response> {
                     const auto bytes = read_upload(request);
                     if (!bytes) {
                       return fail(bytes.error());
                     }
                     uploaded += *bytes;
                     return http::text(std::to_string(*bytes));
                   },
                   {.max_body_bytes = std::size_t{16} << 20U, .stream_body = true});
      members.get("/id", [](const Request& request) { return http::text(session(request).id); });
      for (const http::Method method :
           {http::Method::post, http::Method::put, http::Method::patch, http::Method::delete_}) {
        members.add(method, "/notes", [this](const Request& request) {
          ++notes;
          return site.see_other(request, "/", {.text = "Saved <it>."});
        });
      }
    });
    pages.group([this](http::Router& admins) {
      admins.use(site.require_login(auth::Access::admin()));
      admins.get("/admin", [] { return http::text("admin"); });
    });
  });
  router.get("/v1/health", [] { return http::json(R"({"status":"ok"})"); });
}

Response TestSite::log_in(TestBrowser& browser, const std::string& username, const std::string& return_to) {
  const auto form = browser.get("/login?return_to=" + http::percent_encode(return_to));
  EXPECT_EQ(form.status, 200);
  return browser.post("/login", {{"csrf_token", browser.csrf_token()},
                                 {"return_to", return_to},
                                 {"username", username},
                                 {"password", username == "alice" ? "correct horse" : "battery staple"}});
}

}  // namespace mcdsl::web::internal
