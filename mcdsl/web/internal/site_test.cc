#include "mcdsl/web/site.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/config.h"
#include "mcdsl/web/internal/site_for_test.h"

namespace mcdsl::web::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string header(const http::Response& response, std::string_view name) {
  EXPECT_LE(response.headers.count(name), 1U) << name;
  return std::string(response.headers.get(name).value_or(""));
}

std::string nonce_of(const http::Response& response) {
  const std::string policy = header(response, "content-security-policy");
  const auto start = policy.find("'nonce-") + 7;
  return policy.substr(start, policy.find('\'', start) - start);
}

TEST(SitePage, RunsScriptsByItsNonceAloneAndLoadsNothingForeign) {
  TestSite notes;
  TestBrowser browser(notes.application);
  const auto page = browser.get("/open");
  ASSERT_EQ(page.status, 200) << notes.log.text();
  const std::string policy = header(page, "content-security-policy");
  for (const std::string_view rule : {"default-src 'none'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
                                      "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"}) {
    EXPECT_THAT(policy, HasSubstr(std::string(rule)));
  }
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, HasSubstr("script-src 'nonce-" + nonce_of(page) + "';"));
  EXPECT_THAT(page.body, HasSubstr("<script nonce=\"" + nonce_of(page) + "\">"));
  std::set<std::string> nonces;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(nonces.insert(nonce_of(browser.get("/open"))).second);
  }
}

// 200, 303, 401, 403, 404, 405, 413, 500: with route and without, for people and programs.
TEST(SitePage, CarriesTheSecurityHeadersWithEveryStatus) {
  TestSite notes;
  TestBrowser browser(notes.application);
  TestBrowser alice(notes.application);
  notes.log_in(alice);
  std::vector<http::Response> answers{browser.get("/open"),
                                      browser.get("/"),
                                      browser.post("/notes", {}),
                                      browser.get("/nowhere"),
                                      browser.get("/a/%zz"),
                                      browser.send(http::Method::delete_, "/v1/health", "", {}),
                                      browser.post("/login", {{"username", std::string(20'000, 'a')}}),
                                      browser.get("/broken"),
                                      browser.get("/throws"),
                                      browser.get("/v1/health"),
                                      alice.get("/"),
                                      alice.get("/admin"),
                                      alice.post("/notes", {{"csrf_token", "forged"}}),
                                      browser.get("/", {{"accept", "application/json"}}),
                                      browser.get("/nowhere", {{"accept", "application/json"}}),
                                      browser.get("/nowhere", {{"hx-request", "true"}})};
  std::set<int> statuses;
  for (const auto& answer : answers) {
    statuses.insert(answer.status);
    EXPECT_EQ(header(answer, "x-content-type-options"), "nosniff") << answer.status;
    EXPECT_EQ(header(answer, "referrer-policy"), "same-origin") << answer.status;
    EXPECT_EQ(header(answer, "strict-transport-security"), "max-age=31536000") << answer.status;
    EXPECT_EQ(header(answer, "cache-control"), "no-store") << answer.status;
    const std::string policy = header(answer, "content-security-policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'")) << answer.status;
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'")) << answer.status;
    EXPECT_THAT(policy, Not(HasSubstr("unsafe"))) << answer.status;
  }
  EXPECT_EQ(statuses, (std::set<int>{200, 303, 400, 401, 403, 404, 405, 413, 500}));
}

TEST(SitePage, SaysWhatIsWrongInTheClientsOwnTerms) {
  TestSite notes;
  TestBrowser browser(notes.application);
  const auto page = browser.get("/nowhere");
  EXPECT_EQ(page.status, 404);
  EXPECT_EQ(header(page, "content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<h1>Not Found</h1>"));
  const auto json = browser.get("/nowhere", {{"accept", "application/json"}});
  EXPECT_EQ(json.body, R"({"error":"not found"})");
  const auto part = browser.get("/nowhere", {{"hx-request", "true"}});
  EXPECT_EQ(part.body, "<p class=\"problem\" role=\"alert\">not found</p>\n");
  EXPECT_EQ(header(browser.send(http::Method::delete_, "/v1/health", "", {}), "allow"), "GET, HEAD, OPTIONS");
}

TEST(SitePage, TellsNobodyButTheLogWhatBroke) {
  TestSite notes;
  TestBrowser browser(notes.application);
  const auto thrown = browser.get("/throws");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, Not(HasSubstr("/srv/notes.db")));
  ASSERT_TRUE(thrown.error);
  EXPECT_THAT(thrown.error->to_string(), HasSubstr("/srv/notes.db"));
  EXPECT_EQ(browser.get("/broken").status, 500);
}

TEST(SitePage, ShowsAMessageOnceOnTheNextPage) {
  TestSite notes;
  TestBrowser browser(notes.application);
  notes.log_in(browser);
  browser.get("/");
  const auto saved = browser.post("/notes", {{"csrf_token", browser.csrf_token()}});
  EXPECT_EQ(saved.status, 303) << saved.body;
  EXPECT_EQ(header(saved, "location"), "/");
  EXPECT_THAT(browser.get("/").body, HasSubstr("<p class=\"notice\" role=\"status\">Saved &lt;it&gt;.</p>"));
  EXPECT_THAT(browser.get("/").body, Not(HasSubstr("Saved")));
}

TEST(SitePage, ShowsNoMessageThatSomebodyElseWroteOrThatIsOld) {
  TestSite notes;
  TestBrowser browser(notes.application);
  notes.log_in(browser);
  browser.set_cookie("__Host-notes_flash", "UGF5IG1l");
  EXPECT_THAT(browser.get("/").body, Not(HasSubstr("class=\"notice\"")));
  browser.post("/notes", {{"csrf_token", browser.csrf_token()}});
  notes.clock.advance(1min);
  EXPECT_THAT(browser.get("/").body, Not(HasSubstr("Saved")));
}

TEST(SitePage, SendsHtmxOnByItsOwnHeader) {
  TestSite notes;
  TestBrowser browser(notes.application);
  notes.log_in(browser);
  browser.get("/");
  const auto saved = browser.post("/notes", {}, {{"hx-request", "true"}, {"x-csrf-token", browser.csrf_token()}});
  EXPECT_EQ(saved.status, 200);
  EXPECT_EQ(header(saved, "hx-redirect"), "/");
}

TEST(SitePage, RedirectsToNoOtherOrigin) {
  TestSite notes;
  http::Request request;
  request.start(http::Method::post, "/");
  for (const std::string_view target : {"//evil.example", "https://evil.example", "", "/\\evil.example"}) {
    EXPECT_THROW((void)notes.site.see_other(request, target), Exception) << target;
  }
}

TEST(SitePage, ServesItsStyleSheetForAYear) {
  TestSite notes;
  TestBrowser browser(notes.application);
  const std::string body = browser.get("/open").body;
  const auto start = body.find("href=\"") + 6;
  const auto sheet = browser.get(body.substr(start, body.find('"', start) - start));
  EXPECT_EQ(sheet.status, 200);
  EXPECT_EQ(header(sheet, "content-type"), "text/css; charset=utf-8");
  EXPECT_THAT(header(sheet, "cache-control"), HasSubstr("immutable"));
  EXPECT_EQ(header(sheet, "x-content-type-options"), "nosniff");
}

TEST(Site, RefusesToStartWithAContradiction) {
  TestSite notes;
  config::Standard config;
  config.database.path = notes.dir / "other.db";
  config.web.public_url = "http://notes.example.org";
  const auto start = [&] {
    const Site site({.service = "notes", .title = "Notes", .templates = notes.templates, .assets = notes.assets},
                    config, notes.authenticator);
  };
  EXPECT_THROW(start(), config::Invalid);
  config.web.public_url = "https://notes.example.org";
  EXPECT_NO_THROW(start());
}

TEST(Site, RefusesToStartWithoutItsBuiltInPagesOrANameForItsCookies) {
  TestSite notes;
  config::Standard config;
  config.database.path = notes.dir / "other.db";
  config.web.public_url = "https://notes.example.org";
  const Templates none{TemplateSource()};
  EXPECT_THROW(Site({.service = "notes", .title = "Notes", .templates = none, .assets = notes.assets}, config,
                    notes.authenticator),
               Exception);
  EXPECT_THROW(Site({.service = "my notes", .title = "Notes", .templates = notes.templates, .assets = notes.assets},
                    config, notes.authenticator),
               Exception);
}

TEST(Site, RotatesItsKeysWithoutLoggingAnybodyOut) {
  TestSite notes;
  TestBrowser browser(notes.application);
  notes.log_in(browser);
  config::Standard config;
  config.database.path = notes.dir / "notes.db";
  browser.get("/");
  const std::string before = browser.csrf_token();
  rotate_keys(config);  // as another process does
  EXPECT_EQ(browser.get("/whoami").body, "alice");
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", before}}).status, 303);
}

}  // namespace
}  // namespace mcdsl::web::internal
