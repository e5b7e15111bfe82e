#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/file.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/web/internal/site_for_test.h"

namespace mcdsl::web::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

std::string location(const http::Response& response) {
  return std::string(response.headers.get("location").value_or(""));
}

class SsoTest : public ::testing::Test {
 protected:
  SsoTest() { notes.mcias.sso_login_as("alice"); }

  // From "/login?return_to=..." to the identity service's address, as the browser goes.
  static std::string leave(TestBrowser& browser, const std::string& return_to) {
    const auto login = browser.get("/login?return_to=" + http::percent_encode(return_to));
    EXPECT_EQ(login.status, 303);
    EXPECT_THAT(location(login), StartsWith("/sso/redirect"));
    const auto redirect = browser.get(location(login));
    EXPECT_EQ(redirect.status, 303);
    return location(redirect);
  }
  // What the identity service sends the browser back with: "/sso/callback?code=...&state=...".
  [[nodiscard]] std::string log_in_there(const std::string& address) const {
    EXPECT_THAT(address, StartsWith(notes.mcias.url() + "/sso/authorize?"));
    const std::string port = notes.mcias.url().substr(notes.mcias.url().rfind(':') + 1);
    testing::HttpClient client("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)),
                               {.trusted = read_file(notes.mcias.settings().ca_cert).value(), .name = "127.0.0.1"});
    const auto sent_back =
        client.exchange("GET " + address.substr(notes.mcias.url().size()) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_EQ(sent_back->status, 302);
    const std::string target = location(*sent_back);
    const std::string origin = "https://notes.example.org";
    EXPECT_THAT(target, StartsWith(origin + "/sso/callback?"));
    return target.substr(origin.size());
  }
  // It came to nothing: a page that helps, and no session.
  static ::testing::AssertionResult is_refused(TestBrowser& browser, const http::Response& response, int status = 400) {
    if (response.status != status) {
      return ::testing::AssertionFailure() << "status " << response.status;
    }
    if (!response.body.contains("You could not be logged in.") || !response.body.contains(">Log in again</a>")) {
      return ::testing::AssertionFailure() << "a page that does not help: " << response.body;
    }
    if (!browser.cookie(TestSite::kSession).empty() || browser.get("/whoami").status != 303) {
      return ::testing::AssertionFailure() << "there is a session";
    }
    return ::testing::AssertionSuccess();
  }

  TestSite notes{true};
  TestBrowser browser{notes.application};
};

TEST_F(SsoTest, BringsAPersonBackToWhereTheyWantedToGo) {
  EXPECT_EQ(location(browser.get("/whoami?x=1")), "/login?return_to=%2Fwhoami%3Fx%3D1");
  const auto done = browser.get(log_in_there(leave(browser, "/whoami?x=1")));
  EXPECT_EQ(done.status, 303) << done.body;
  EXPECT_EQ(location(done), "/whoami?x=1");
  EXPECT_THAT(cookie_attributes(done, TestSite::kSession),
              AllOf(HasSubstr("SameSite=Lax"), HasSubstr("HttpOnly"), HasSubstr("Secure")));
  EXPECT_EQ(browser.get("/whoami").body, "alice");
}

TEST_F(SsoTest, TakesNoPasswords) {
  EXPECT_EQ(browser.post("/login", {{"username", "alice"}, {"password", "correct horse"}}).status, 405);
}

TEST_F(SsoTest, KeepsTwoTabsApart) {
  const std::string first = leave(browser, "/whoami?tab=1");
  const std::string second = leave(browser, "/whoami?tab=2");
  const auto second_done = browser.get(log_in_there(second));
  const auto first_done = browser.get(log_in_there(first));
  EXPECT_EQ(location(second_done), "/whoami?tab=2");
  EXPECT_EQ(location(first_done), "/whoami?tab=1");
  EXPECT_EQ(browser.get("/whoami").body, "alice");
}

TEST_F(SsoTest, RefusesAReplayAndTheBackButton) {
  const std::string callback = log_in_there(leave(browser, "/"));
  TestBrowser copy(notes.application);
  copy.take_cookies(browser);
  EXPECT_EQ(browser.get(callback).status, 303);
  const auto again = browser.get(callback);
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("You could not be logged in."));
  EXPECT_EQ(browser.get("/whoami").body, "alice") << "the session that there is stays";
  EXPECT_TRUE(is_refused(copy, copy.get(callback)));
}

TEST_F(SsoTest, RefusesAUsedStateWithAFreshCode) {
  const std::string address = leave(browser, "/");
  TestBrowser copy(notes.application);
  copy.take_cookies(browser);
  EXPECT_EQ(browser.get(log_in_there(address)).status, 303);
  EXPECT_TRUE(is_refused(copy, copy.get(log_in_there(address))));
}

TEST_F(SsoTest, RefusesAStateThatIsMissingOrLate) {
  const std::string callback = log_in_there(leave(browser, "/"));
  EXPECT_TRUE(is_refused(browser, browser.get(callback.substr(0, callback.find("&state=")))));
  EXPECT_TRUE(is_refused(browser, browser.get("/sso/callback")));
  const std::string address = leave(browser, "/");
  notes.clock.advance(10min);
  EXPECT_TRUE(is_refused(browser, browser.get(log_in_there(address))));
}

TEST_F(SsoTest, RefusesTheCodesOfTwoTabsSwapped) {
  const std::string first = log_in_there(leave(browser, "/"));
  const std::string second = log_in_there(leave(browser, "/"));
  const auto code = [](const std::string& callback) { return callback.substr(0, callback.find("&state=")); };
  const auto state = [](const std::string& callback) { return callback.substr(callback.find("&state=")); };
  EXPECT_TRUE(is_refused(browser, browser.get(code(first) + state(second))));
  EXPECT_TRUE(is_refused(browser, browser.get(code(second) + state(first))));
}

// An attacker logs in as themselves and makes the victim's browser finish it: the victim would write into their notes.
TEST_F(SsoTest, RefusesAnAttackersLoginInTheVictimsBrowser) {
  TestBrowser attacker(notes.application);
  notes.mcias.sso_login_as("mallory");
  const std::string callback = log_in_there(leave(attacker, "/"));
  EXPECT_TRUE(is_refused(browser, browser.get(callback)));
  leave(browser, "/");
  EXPECT_TRUE(is_refused(browser, browser.get(callback)));
}

TEST_F(SsoTest, RefusesACodeThatIsTooOldInventedOrOfADeniedAccount) {
  const std::string late = log_in_there(leave(browser, "/"));
  notes.clock.advance(61s);
  EXPECT_TRUE(is_refused(browser, browser.get(late)));
  const std::string callback = log_in_there(leave(browser, "/"));
  EXPECT_TRUE(
      is_refused(browser, browser.get("/sso/callback?code=invented" + callback.substr(callback.find("&state=")))));
  notes.mcias.deny("alice", "notes");
  EXPECT_TRUE(is_refused(browser, browser.get(log_in_there(leave(browser, "/"))), 403));
}

TEST_F(SsoTest, SaysSoWhereTheIdentityServiceIsAway) {
  const std::string callback = log_in_there(leave(browser, "/"));
  notes.mcias.go_down();
  EXPECT_TRUE(is_refused(browser, browser.get(callback), 503));
}

TEST_F(SsoTest, ReturnsNowhereButHere) {
  for (const std::string return_to : {"//evil.example", "https://evil.example", "/\\evil.example"}) {
    TestBrowser person(notes.application);
    EXPECT_EQ(location(person.get(log_in_there(leave(person, return_to)))), "/") << return_to;
  }
  EXPECT_EQ(location(browser.get("/login?return_to=%2Fa&return_to=%2F%2Fevil.example")), "/sso/redirect?return_to=%2F");
}

// What is searched at the end of every test (TestSite) has all of this in it.
TEST_F(SsoTest, LeavesNoCodeStateOrTokenInTheLog) {
  const std::string callback = log_in_there(leave(browser, "/"));
  EXPECT_EQ(browser.get(callback).status, 303);
  EXPECT_EQ(browser.get(callback).status, 400);
  const auto kinds = notes.application.kinds();
  EXPECT_THAT(kinds, IsSupersetOf({"code", "state", "cookie __Host-notes_session"}));
  EXPECT_THAT(kinds, Contains(StartsWith("cookie __Host-notes_sso_")));
  const std::string log = notes.log.text();
  EXPECT_THAT(log, HasSubstr("path=/sso/callback"));
  // Held against the address itself too, whatever the watch knows.
  const auto query = callback.find('=') + 1;
  EXPECT_THAT(log, Not(HasSubstr(callback.substr(query, callback.find('&') - query))));
  EXPECT_THAT(log, Not(HasSubstr(callback.substr(callback.find("&state=") + 7))));
}

}  // namespace
}  // namespace mcdsl::web::internal
