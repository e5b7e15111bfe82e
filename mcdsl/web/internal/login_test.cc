#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/web/internal/site_for_test.h"

namespace mcdsl::web::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr const char* kSession = TestSite::kSession;
constexpr const char* kPreSession = TestSite::kPreSession;

std::string location(const http::Response& response) {
  return std::string(response.headers.get("location").value_or(""));
}

class LoginTest : public ::testing::Test {
 protected:
  http::Response post_login(const std::string& username, const std::string& password, const std::string& code = "",
                            const std::string& return_to = "/") {
    browser.get("/login");
    return browser.post("/login", {{"csrf_token", browser.csrf_token()},
                                   {"username", username},
                                   {"password", password},
                                   {"totp_code", code},
                                   {"return_to", return_to}});
  }
  std::string whoami() {
    const auto answer = browser.get("/whoami");
    return answer.status == 200 ? answer.body : std::to_string(answer.status);
  }

  TestSite notes;
  TestBrowser browser{notes.application};
};

TEST_F(LoginTest, BringsAPersonBackToWhereTheyWantedToGo) {
  const auto sent = browser.get("/whoami?x=1");
  EXPECT_EQ(sent.status, 303);
  EXPECT_EQ(location(sent), "/login?return_to=%2Fwhoami%3Fx%3D1");
  const auto form = browser.get(location(sent));
  EXPECT_THAT(form.body, HasSubstr(R"(name="return_to" value="/whoami?x=1")"));
  const auto done = notes.log_in(browser, "alice", "/whoami?x=1");
  EXPECT_EQ(done.status, 303) << done.body;
  EXPECT_EQ(location(done), "/whoami?x=1");
  EXPECT_EQ(whoami(), "alice");
  EXPECT_THAT(browser.get("/").body, AllOf(HasSubstr("<span>alice</span>"), HasSubstr("action=\"/logout\"")));
}

TEST_F(LoginTest, SetsACookieThatNoScriptOtherSiteOrPlainConnectionGets) {
  const auto done = notes.log_in(browser);
  const std::string attributes = cookie_attributes(done, kSession);
  EXPECT_THAT(attributes, AllOf(HasSubstr("Path=/"), HasSubstr("Secure"), HasSubstr("HttpOnly"),
                                HasSubstr("SameSite=Strict"), Not(HasSubstr("Domain"))));
  EXPECT_THAT(cookie_attributes(done, kPreSession), HasSubstr("Max-Age=0"));
}

TEST_F(LoginTest, TellsWhyItDidNotWork) {
  notes.mcias.deny("mallory", "notes");
  notes.mcias.require_totp("alice", "123456");
  const auto wrong = post_login("alice", "wrong", "", "/whoami");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.body, AllOf(HasSubstr("Wrong user name, password or code."), HasSubstr(R"(value="alice")"),
                                HasSubstr(R"(name="return_to" value="/whoami")"), Not(HasSubstr("wrong\""))));
  EXPECT_EQ(post_login("alice", "correct horse").status, 401) << "the second factor is missing";
  EXPECT_EQ(post_login("mallory", "battery staple").status, 403);
  EXPECT_EQ(whoami(), "303");
  EXPECT_EQ(post_login("alice", "correct horse", "123 456").status, 303);
  EXPECT_EQ(whoami(), "alice");
}

TEST_F(LoginTest, KeepsItsFormWhileTheIdentityServiceIsAway) {
  notes.mcias.go_down();
  const auto away = post_login("alice", "correct horse");
  EXPECT_EQ(away.status, 503);
  EXPECT_THAT(away.body, HasSubstr("The identity service does not answer."));
  EXPECT_EQ(browser.cookie(kSession), "");
  notes.mcias.come_back();
  EXPECT_EQ(post_login("alice", "correct horse").status, 303);
}

TEST_F(LoginTest, ReturnsNowhereButHere) {
  for (const std::string return_to : {"//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil"}) {
    TestBrowser person(notes.application);
    EXPECT_EQ(location(notes.log_in(person, "alice", return_to)), "/") << return_to;
    EXPECT_EQ(location(person.get("/login?return_to=" + http::percent_encode(return_to))), "/") << return_to;
  }
}

TEST_F(LoginTest, IsItselfGuardedAgainstForgedRequests) {
  browser.get("/login");
  const std::string token = browser.csrf_token();
  const TestBrowser::Fields form{{"username", "mallory"}, {"password", "battery staple"}};
  EXPECT_EQ(browser.post("/login", form).status, 403);
  TestBrowser stranger(notes.application);
  auto with_token = form;
  with_token.emplace_back("csrf_token", token);
  EXPECT_EQ(stranger.post("/login", with_token).status, 401) << "a token without its pre-session";
  stranger.get("/login");
  EXPECT_EQ(stranger.post("/login", with_token).status, 403) << "an attacker's token in the victim's browser";
  EXPECT_EQ(browser.post("/login", with_token, {{"origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(browser.post("/login", with_token).status, 303);
}

TEST_F(LoginTest, EndsThePreSessionAndItsTokens) {
  browser.get("/login");
  const std::string before = browser.csrf_token();
  const std::string pre_session = browser.cookie(kPreSession);
  notes.log_in(browser);
  EXPECT_EQ(browser.cookie(kPreSession), "");
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", before}}).status, 403);
  browser.set_cookie(kPreSession, pre_session);
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", before}}).status, 403) << "a session is not a pre-session too";
  EXPECT_EQ(notes.notes, 0);
}

TEST_F(LoginTest, GivesANewSessionEachTimeAndRevokesTheOneBefore) {
  notes.log_in(browser);
  const std::string first = browser.cookie(kSession);
  browser.get("/");
  const std::string first_token = browser.csrf_token();
  const std::string first_id = browser.get("/id").body;
  TestBrowser thief(notes.application);
  thief.take_cookies(browser);
  EXPECT_EQ(thief.get("/whoami").body, "alice");

  // The login form is not shown to who is logged in; one that was open in another tab still posts.
  EXPECT_EQ(location(browser.get("/login")), "/");
  EXPECT_EQ(browser.post("/login", {{"csrf_token", first_token}, {"username", "alice"}, {"password", "correct horse"}})
                .status,
            303);
  EXPECT_NE(browser.cookie(kSession), first);
  EXPECT_NE(browser.get("/id").body, first_id);
  EXPECT_EQ(thief.get("/whoami").status, 303) << "the session before the login is revoked";
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", first_token}}).status, 403) << "and its tokens with it";
  browser.get("/");
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", browser.csrf_token()}}).status, 303);
}

TEST_F(LoginTest, OfAnAttackerGivesNothingInAVictimsSession) {
  TestBrowser attacker(notes.application);
  notes.log_in(attacker, "mallory");
  attacker.get("/");
  notes.log_in(browser);
  EXPECT_EQ(attacker.post("/notes", {{"csrf_token", attacker.csrf_token()}}).status, 303);
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", attacker.csrf_token()}}).status, 403);
  EXPECT_EQ(notes.notes, 1);
}

TEST_F(LoginTest, GuardsEveryMethodThatChangesSomething) {
  notes.log_in(browser);
  browser.get("/");
  const std::string token = browser.csrf_token();
  for (const auto method : {http::Method::post, http::Method::put, http::Method::patch, http::Method::delete_}) {
    for (const std::string type : {"application/x-www-form-urlencoded", "application/json", "text/plain"}) {
      EXPECT_EQ(browser.send(method, "/notes", "{}", {{"content-type", type}, {"x-csrf-token", ""}}).status, 403);
      EXPECT_EQ(browser.send(method, "/notes", "", {{"content-type", type}, {"x-csrf-token", token}}).status, 303);
    }
  }
}

TEST_F(LoginTest, EndsWithLogoutHereAndAtTheIdentityService) {
  notes.log_in(browser);
  TestBrowser thief(notes.application);
  thief.take_cookies(browser);
  browser.get("/");
  EXPECT_EQ(browser.post("/logout", {}).status, 403) << "nobody else logs a person out";
  const auto out = browser.post("/logout", {{"csrf_token", browser.csrf_token()}});
  EXPECT_EQ(out.status, 303);
  EXPECT_EQ(location(out), "/logged-out");
  EXPECT_THAT(browser.get("/logged-out").body, HasSubstr("You are logged out"));
  EXPECT_EQ(browser.cookie(kSession), "");
  EXPECT_EQ(thief.get("/whoami").status, 303);
  EXPECT_EQ(notes.mcias.calls().logout, 1U);
}

TEST_F(LoginTest, EndsHereAlsoWhereTheIdentityServiceIsAway) {
  notes.log_in(browser);
  browser.get("/");
  notes.mcias.go_down();
  const auto out = browser.post("/logout", {{"csrf_token", browser.csrf_token()}});
  EXPECT_EQ(location(out), "/logged-out");
  EXPECT_EQ(browser.cookie(kSession), "");
  EXPECT_THAT(browser.get("/logged-out").body, HasSubstr("could not be told"));
}

TEST_F(LoginTest, AnswersEachClientInItsOwnTerms) {
  const auto part =
      browser.get("/whoami", {{"hx-request", "true"}, {"hx-current-url", "https://notes.example.org/list?page=2"}});
  EXPECT_EQ(part.status, 401);
  EXPECT_EQ(part.headers.get("hx-redirect"), "/login?return_to=%2Flist%3Fpage%3D2");
  const auto program = browser.get("/whoami", {{"accept", "application/json"}});
  EXPECT_EQ(program.status, 401);
  EXPECT_EQ(program.body, R"({"error":"unauthenticated"})");
  const auto form = browser.post("/notes", {{"a", "b"}});
  EXPECT_EQ(form.status, 401);
  EXPECT_THAT(form.body, AllOf(HasSubstr("Your session has ended."), HasSubstr("href=\"/login\"")));
}

// The cookie does not come with a link of another site (SameSite=Strict): the page is asked for again from here.
TEST_F(LoginTest, FindsTheSessionBehindALinkOfAnotherSite) {
  const auto first = browser.get("/whoami?a=1&b=2", {{"sec-fetch-site", "cross-site"}});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.get("refresh"), "0; url=/whoami?a=1&b=2");
  EXPECT_THAT(first.body, HasSubstr("href=\"/whoami?a=1&amp;b=2\""));
  EXPECT_EQ(browser.get("/whoami?a=1&b=2", {{"sec-fetch-site", "same-origin"}}).status, 303);
}

TEST_F(LoginTest, LetsInByRoleAndTellsOthersSo) {
  notes.mcias.add_user("root", "admin password", {"admin"});
  notes.log_in(browser);
  EXPECT_EQ(browser.get("/admin").status, 403);
  TestBrowser admin(notes.application);
  admin.get("/login");
  admin.post("/login", {{"csrf_token", admin.csrf_token()}, {"username", "root"}, {"password", "admin password"}});
  EXPECT_EQ(admin.get("/admin").body, "admin");
}

TEST_F(LoginTest, GivesANewIdWhenTheRolesChange) {
  notes.log_in(browser);
  browser.get("/");
  const std::string token = browser.csrf_token();
  const std::string cookie = browser.cookie(kSession);
  const std::string id = browser.get("/id").body;
  EXPECT_EQ(browser.cookie(kSession), cookie) << "nothing has changed yet";
  notes.mcias.set_roles("alice", {"user", "admin"});
  notes.clock.advance(31s);  // the answer before is forgotten
  const std::string next = browser.get("/id").body;
  EXPECT_NE(next, id);
  EXPECT_NE(browser.cookie(kSession), cookie);
  EXPECT_EQ(browser.get("/id").body, next);
  EXPECT_EQ(browser.get("/admin").body, "admin");
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", token}}).status, 403) << "a token from before";
}

TEST_F(LoginTest, LastsAnHourFromTheLastRequest) {
  notes.log_in(browser);
  for (int i = 0; i < 4; ++i) {
    notes.clock.advance(50min);
    EXPECT_EQ(whoami(), "alice") << i;
  }
  notes.clock.advance(1h);
  EXPECT_EQ(whoami(), "303");
  EXPECT_EQ(browser.cookie(kSession), "") << "a cookie of no use is taken away";
}

TEST_F(LoginTest, IssuesItsCookieAgainOnceAMinuteAtMost) {
  notes.log_in(browser);
  const std::string cookie = browser.cookie(kSession);
  notes.clock.advance(59s);
  whoami();
  EXPECT_EQ(browser.cookie(kSession), cookie);
  notes.clock.advance(1s);
  whoami();
  EXPECT_NE(browser.cookie(kSession), cookie);
}

TEST_F(LoginTest, EndsWithTheTokenHoweverBusy) {
  notes.log_in(browser);
  for (int i = 0; i < 23; ++i) {
    notes.clock.advance(31min);
    EXPECT_EQ(whoami(), "alice") << i;
  }
  notes.clock.advance(8min);  // 12 hours and a minute: what a token lasts
  EXPECT_EQ(whoami(), "303");
}

TEST_F(LoginTest, EndsWhenTheTokenIsRevoked) {
  notes.log_in(browser);
  notes.mcias.remove_user("alice");
  notes.clock.advance(31s);
  EXPECT_EQ(whoami(), "303");
  EXPECT_EQ(browser.cookie(kSession), "");
}

TEST_F(LoginTest, OutlivesAnOutageOfTheIdentityService) {
  notes.log_in(browser);
  notes.mcias.go_down();
  notes.clock.advance(31s);
  const auto away = browser.get("/whoami");
  EXPECT_EQ(away.status, 503);
  EXPECT_THAT(away.body, HasSubstr("You are still logged in"));
  EXPECT_TRUE(away.headers.contains("retry-after"));
  EXPECT_NE(browser.cookie(kSession), "");
  EXPECT_EQ(browser.get("/open").status, 200) << "what needs no login is there";
  EXPECT_EQ(browser.get("/whoami", {{"accept", "application/json"}}).status, 503);
  notes.mcias.come_back();
  EXPECT_EQ(whoami(), "alice");
}

// What is searched at the end of every test (TestSite) has all of this in it.
TEST_F(LoginTest, LeavesNoSecretInTheLog) {
  notes.mcias.require_totp("alice", "123456");
  post_login("alice", "wrong-password", "987654");
  browser.post("/login",
               {{"csrf_token", "forged-token"}, {"username", "alice"}, {"password", "password-of-a-forgery"}});
  EXPECT_EQ(post_login("alice", "correct horse", "123 456").status, 303);
  browser.get("/");
  browser.post("/notes", {{"csrf_token", "forged-token"}, {"text", "words of a note"}});
  browser.post("/notes", {{"csrf_token", browser.csrf_token()}, {"text", "words of a note"}});
  browser.get("/whoami?secret=value-of-a-query", {{"authorization", "Bearer token-of-a-program"}});
  notes.mcias.go_down();
  notes.clock.advance(31s);
  EXPECT_EQ(browser.get("/whoami").status, 503);
  browser.post("/logout", {{"csrf_token", browser.csrf_token()}});
  EXPECT_THAT(notes.application.kinds(),
              IsSupersetOf({"password", "totp_code", "csrf_token", "token", "cookie __Host-notes_session",
                            "cookie __Host-notes_pre", "cookie __Host-notes_flash"}));
  const std::string log = notes.log.text();
  for (const std::string written : {"msg=\"logged in\"", "path=/login", "path=/whoami", "status=403", "status=503"}) {
    EXPECT_THAT(log, HasSubstr(written));
  }
  EXPECT_THAT(log, Not(HasSubstr("words of a note")));
  EXPECT_THAT(log, Not(HasSubstr("value-of-a-query")));
}

}  // namespace
}  // namespace mcdsl::web::internal
