#include "tools/mcias-dev/sso.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/file.h"
#include "tools/mcias-dev/sso_browser.h"
#include "tools/mcias-dev/sso_html.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;
using namespace std::chrono_literals;
using mcdsl::http::Response;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPassword = "correct horse";

void expect_page(const Response& response, int status, std::string_view says) {
  EXPECT_EQ(response.status, status);
  EXPECT_FALSE(response.headers.contains("location"));
  EXPECT_THAT(response.body, HasSubstr(escape_html(says)));
}

class SsoTest : public testing::Test {
 protected:
  SsoTest() { server_.add_user("alice", kPassword); }

  // A code of a login that nothing is wrong with.
  std::string code() {
    SsoBrowser browser(server_.router);
    (void)browser.open();
    return redirected(browser.log_in("alice", kPassword))["code"];
  }
  void expect_refused(const Response& response) {
    EXPECT_EQ(response.status, 401) << response.body;
    EXPECT_EQ(read(response).error, "invalid or expired code");
    EXPECT_EQ(read(response).code, "unauthenticated");
  }

  TestServer server_{[](Config& config) {
    add_sso_clients(config);
    config.policy = {{.name = "mallory stays out", .accounts = {"mallory"}, .services = {"notes"}}};
    config.identity.max_failures_per_username = 3;
  }};
};

TEST_F(SsoTest, LogsInOnThePageAndGivesTheServiceASession) {
  SsoBrowser browser(server_.router);
  const Response page = browser.open();
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("Log in to notes"), HasSubstr("name=\"totp_code\"")));
  const Response done = browser.log_in("alice", kPassword);
  Fields back = redirected(done);
  EXPECT_EQ(back["state"], "the state & more");
  EXPECT_EQ(done.headers.get("cache-control"), "no-store");

  const Response session = redeem(server_.router, back["code"]);
  ASSERT_EQ(session.status, 200) << session.body;
  EXPECT_TRUE(server_.is_valid(read(session).token));
  EXPECT_EQ(read(session).expires_at, "2026-01-01T12:00:00Z");
}

TEST_F(SsoTest, KeepsTheQueryOfARedirectUri) {
  Fields parameters = good_parameters();
  parameters["redirect_uri"] = kOtherCallback;
  SsoBrowser browser(server_.router);
  (void)browser.open(parameters);
  Fields back = redirected(browser.log_in("alice", kPassword), kOtherCallback);
  EXPECT_EQ(back["tab"], "1");
  EXPECT_EQ(redeem(server_.router, back["code"], {{"redirect_uri", std::string(kOtherCallback)}}).status, 200);
}

TEST_F(SsoTest, ACodeWorksOnce) {
  const std::string once = code();
  EXPECT_EQ(redeem(server_.router, once).status, 200);
  expect_refused(redeem(server_.router, once));
  EXPECT_TRUE(server_.log.contains("the code is unknown, used or too old"));
}

TEST_F(SsoTest, ACodeWorksForAMinute) {
  const std::string in_time = code();
  const std::string late = code();
  server_.clock.advance(60s - 1ns);
  EXPECT_EQ(redeem(server_.router, in_time).status, 200);
  server_.clock.advance(1ns);
  expect_refused(redeem(server_.router, late));
}

TEST_F(SsoTest, ACodeIsBoundToWhatAskedForIt) {
  std::string other_verifier(kVerifier);
  other_verifier.back() = 'A';
  const std::vector<Fields> thefts{{{"client_id", "wiki"}},
                                   {{"client_id", "wiki"}, {"redirect_uri", std::string(kForeignCallback)}},
                                   {{"client_id", "nobody"}},
                                   {{"redirect_uri", std::string(kOtherCallback)}},
                                   {{"redirect_uri", std::string(kCallback) + "/"}},
                                   {{"code_verifier", other_verifier}},
                                   {{"code_verifier", std::string(kChallenge)}},
                                   {{"code_verifier", ""}},
                                   {{"code_verifier", std::string(kVerifier) + "="}}};
  for (const Fields& changed : thefts) {
    const std::string stolen = code();
    expect_refused(redeem(server_.router, stolen, changed));
    expect_refused(redeem(server_.router, stolen));  // a try uses it up
  }
  expect_refused(redeem(server_.router, ""));
  expect_refused(redeem(server_.router, std::string(43, 'A')));
}

TEST_F(SsoTest, ACodeDiesWithAChangeOfTheAccount) {
  const std::string before_password = code();
  ASSERT_TRUE(server_.store.set_password("alice", server_.identity.hasher().hash(mcdsl::Secret("another one"))));
  EXPECT_EQ(redeem(server_.router, before_password).status, 409);
  ASSERT_TRUE(
      server_.store.set_password("alice", server_.identity.hasher().hash(mcdsl::Secret(std::string(kPassword)))));
  const std::string before_disabling = code();
  ASSERT_TRUE(server_.store.set_disabled("alice", true));
  EXPECT_EQ(redeem(server_.router, before_disabling).status, 409);
}

TEST_F(SsoTest, ACodeIsStoredAsItsDigestAlone) {
  const std::string text = code();
  for (const char* file : {"mcias-dev.db", "mcias-dev.db-wal"}) {
    const auto bytes = mcdsl::read_file(server_.folder / file);
    ASSERT_TRUE(bytes) << file;
    EXPECT_FALSE(bytes->contains(text)) << file;
  }
}

TEST_F(SsoTest, AnswersATokenRequestThatMakesNoSense) {
  const mcdsl::testing::AppClient client(server_.router);
  EXPECT_EQ(client.post(protocol::kSsoTokenPath, "{}").status, 400);
  EXPECT_EQ(client.post(protocol::kSsoTokenPath, "code=x").status, 400);
  EXPECT_EQ(client.with_header("content-type", "application/x-www-form-urlencoded")
                .send(mcdsl::http::Method::post, protocol::kSsoTokenPath, "code=x")
                .status,
            415);
  EXPECT_EQ(client.get(protocol::kSsoTokenPath).status, 405);
}

TEST_F(SsoTest, NeverRedirectsForARequestThatIsNotInOrder) {
  const auto without = [](std::string_view name) {
    Fields fields = good_parameters();
    fields.erase(fields.find(name));
    return fields;
  };
  const auto with = [](std::string_view name, std::string value) {
    Fields fields = good_parameters();
    fields[std::string(name)] = std::move(value);
    return fields;
  };
  const std::vector<std::pair<Fields, std::string>> cases{
      {with("client_id", "nobody"), "no service is registered here with this client_id"},
      {with("client_id", "NOTES"), "no service is registered"},
      {with("client_id", "wiki"), "not registered for wiki"},
      {with("redirect_uri", std::string(kForeignCallback)), "not registered for notes"},
      {with("redirect_uri", "https://evil.test/sso/callback"), "not registered"},
      {with("redirect_uri", "https://notes.test/sso/callback/../x"), "not registered"},
      {with("redirect_uri", "https://notes.test/sso/callback?x"), "not registered"},
      {with("redirect_uri", "HTTPS://notes.test/sso/callback"), "not registered"},
      {with("redirect_uri", ""), "not registered"},
      {with("state", ""), "the state must have 1 to 1024 bytes"},
      {with("state", std::string(1025, 's')), "the state must have"},
      {with("code_challenge_method", "plain"), "must be S256"},
      {with("code_challenge_method", "s256"), "must be S256"},
      {with("code_challenge", ""), "not a SHA-256"},
      {with("code_challenge", std::string(kVerifier) + "A"), "not a SHA-256"},
      {with("code_challenge", std::string(kChallenge) + "="), "not a SHA-256"},
      {without("client_id"), "form field \"client_id\" is missing"},
      {without("redirect_uri"), "\"redirect_uri\" is missing"},
      {without("state"), "\"state\" is missing"},
      {without("code_challenge"), "\"code_challenge\" is missing"},
      {without("code_challenge_method"), "\"code_challenge_method\" is missing"}};
  for (const auto& [parameters, says] : cases) {
    SsoBrowser browser(server_.router);
    expect_page(browser.open(parameters), 400, says);
    // And by the form, with the right password.
    (void)browser.open();
    Fields typed = parameters;
    for (const auto& [name, value] : good_parameters()) {
      typed.try_emplace(name, "");
    }
    typed["username"] = "alice";
    typed["password"] = kPassword;
    EXPECT_EQ(browser.submit(typed).status, 400) << says;
  }
  const std::string twice = encode(good_parameters()) + "&redirect_uri=https%3A%2F%2Fevil.test%2F";
  expect_page(mcdsl::testing::AppClient(server_.router).get("/sso/authorize?" + twice), 400, "more than once");
}

TEST_F(SsoTest, SaysWhyALoginFailedAndKeepsTheRequest) {
  server_.add_user("mallory", kPassword);
  SsoBrowser browser(server_.router);
  (void)browser.open();
  const Response wrong = browser.log_in("alice", "wrong");
  expect_page(wrong, 401, "wrong user name, password or one-time code");
  expect_page(browser.log_in("mallory", kPassword), 403, "the login policy keeps this account from this service");
  EXPECT_NE(redirected(browser.log_in("alice", kPassword))["code"], "") << "the form goes on where it was";
}

TEST_F(SsoTest, IsLimitedAsTheRestLoginIs) {
  SsoBrowser browser(server_.router);
  (void)browser.open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(browser.log_in("alice", "wrong").status, 401);
  }
  const Response refused = browser.log_in("alice", kPassword);
  expect_page(refused, 429, "too many failed logins");
  EXPECT_EQ(refused.headers.get("retry-after"), "900");
  EXPECT_EQ(server_.login("alice", kPassword, "notes", "192.0.2.9").status, 429) << "one count for both";
}

TEST_F(SsoTest, RefusesAFormThatAnotherPageSends) {
  const Fields typed{{"username", "alice"}, {"password", std::string(kPassword)}};
  for (const Fields& headers : std::vector<Fields>{{{"origin", "https://evil.test"}},
                                                   {{"origin", "null"}},
                                                   {{"origin", "https://mcias.test:8443"}},
                                                   {{"origin", "http://mcias.test"}},
                                                   {{"sec-fetch-site", "cross-site"}},
                                                   {{"sec-fetch-site", "same-site"}},
                                                   {{"host", "evil.test"}}}) {
    SsoBrowser browser(server_.router);
    (void)browser.open();
    expect_page(browser.submit(typed, headers), 403, "Please try again");
    EXPECT_NE(redirected(browser.submit(typed))["code"], "") << "the page that it gets works";
  }
  EXPECT_FALSE(server_.log.contains("wrong password")) << "no password was looked at";
}

TEST_F(SsoTest, RefusesAFormWithoutItsTokenOrCookie) {
  const Fields typed{{"username", "alice"}, {"password", std::string(kPassword)}};
  SsoBrowser attacker(server_.router);
  (void)attacker.open();
  SsoBrowser victim(server_.router);
  (void)victim.open();
  Fields planted = typed;
  planted["csrf_token"] = attacker.form().at("csrf_token");
  expect_page(victim.submit(planted), 403, "Please try again");

  (void)victim.open();
  planted["csrf_token"] = "";
  expect_page(victim.submit(planted), 403, "Please try again");

  (void)victim.open();
  victim.forget_cookie();
  expect_page(victim.submit(typed), 403, "Please try again");

  (void)victim.open();
  server_.clock.advance(1h + 1s);
  expect_page(victim.submit(typed), 403, "Please try again");
  EXPECT_NE(redirected(victim.submit(typed))["code"], "");
}

TEST_F(SsoTest, WorksInTwoTabsOfOneBrowser) {
  SsoBrowser browser(server_.router);
  (void)browser.open();
  Fields first_tab = browser.form();
  (void)browser.open();
  EXPECT_NE(redirected(browser.log_in("alice", kPassword))["code"], "");
  first_tab["username"] = "alice";
  first_tab["password"] = kPassword;
  EXPECT_NE(redirected(browser.submit(first_tab))["code"], "");
}

TEST_F(SsoTest, PutsForeignTextOnThePageAsText) {
  const std::string hostile = R"("><script>alert(1)</script>'&)";
  Fields parameters = good_parameters();
  parameters["state"] = hostile;
  SsoBrowser browser(server_.router);
  EXPECT_THAT(browser.open(parameters).body, AllOf(Not(HasSubstr("<script")), HasSubstr("&quot;&gt;&lt;script")));
  EXPECT_THAT(browser.log_in(hostile, "wrong").body, AllOf(Not(HasSubstr("<script")), HasSubstr("&#39;&amp;")));
}

TEST_F(SsoTest, AllowsItsPageNothingButItsStyleAndItsForm) {
  SsoBrowser browser(server_.router);
  for (const Response& response : {browser.open(), browser.open({})}) {
    const std::string policy(response.headers.get("content-security-policy").value_or(""));
    EXPECT_THAT(policy,
                AllOf(HasSubstr("default-src 'none'; style-src 'nonce-"), HasSubstr("form-action 'self'"),
                      HasSubstr("frame-ancestors 'none'"), HasSubstr("base-uri 'none'"), Not(HasSubstr("unsafe"))));
    EXPECT_EQ(response.headers.get("cache-control"), "no-store");
    EXPECT_EQ(response.headers.get("x-content-type-options"), "nosniff");
    const auto nonce = policy.substr(policy.find("nonce-") + 6, 22);
    EXPECT_THAT(response.body, HasSubstr("<style nonce=\"" + nonce + "\">"));
  }
  const Response page = browser.open();
  EXPECT_THAT(std::string(page.headers.get("content-security-policy").value()),
              HasSubstr("form-action 'self' https://notes.test;"))
      << "browsers hold the redirect behind the form to it";
  EXPECT_THAT(std::string(page.headers.get("set-cookie").value()),
              AllOf(HasSubstr("__Host-mcias_login="), HasSubstr("; Path=/; Secure; HttpOnly; SameSite=Lax")));
}

}  // namespace
}  // namespace mcias
