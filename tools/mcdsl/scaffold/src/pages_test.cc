#include "pages.h"

#include <map>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/temp_dir.h"
#include "migrations.h"

namespace my_notes {
namespace {

using mcdsl::http::Method;
using mcdsl::http::Response;
using ::testing::HasSubstr;
using ::testing::Not;

// A browser as far as a server sees it: keeps cookies, and knows the token of the last page's form.
class Browser {
 public:
  explicit Browser(const mcdsl::http::Application& application) : client_(application) {}

  Response get(std::string_view path) { return send(Method::get, path, ""); }
  Response post(std::string_view path, const std::string& form) {
    return send(Method::post, path, "csrf_token=" + mcdsl::http::percent_encode(csrf_token_) + "&" + form);
  }
  void set_csrf_token(const std::string& token) { csrf_token_ = token; }

 private:
  Response send(Method method, std::string_view path, std::string_view body) {
    std::string cookies;
    for (const auto& [name, value] : cookies_) {
      cookies.append(cookies.empty() ? "" : "; ").append(name).append("=").append(value);
    }
    auto client = client_.with_header("cookie", cookies)
                      .with_header("sec-fetch-site", "same-origin")
                      .with_header("accept", "text/html");
    if (method == Method::post) {
      client = client.with_header("content-type", "application/x-www-form-urlencoded")
                   .with_header("origin", "https://notes.example.org");
    }
    Response response = client.send(method, path, body);
    for (const auto& [name, value] : response.headers) {
      if (name == "set-cookie") {
        const auto equals = value.find('=');
        cookies_[std::string(value.substr(0, equals))] = value.substr(equals + 1, value.find(';') - equals - 1);
      }
    }
    constexpr std::string_view kField = R"(name="csrf_token" value=")";
    if (const auto at = response.body.find(kField); at != std::string::npos) {
      const auto begin = at + kField.size();
      csrf_token_ = response.body.substr(begin, response.body.find('"', begin) - begin);
    }
    return response;
  }

  mcdsl::testing::AppClient client_;
  std::map<std::string, std::string> cookies_;
  std::string csrf_token_;
};

class PagesTest : public ::testing::Test {
 protected:
  PagesTest() {
    database_.migrate(kMigrations);
    mcias_.add_user("alice", "secret", {"user"});
    mcias_.add_user("guest", "secret", {"guest"});
    service_.authenticate_with(authenticator_);
  }

  [[nodiscard]] Config config() const {
    Config config;
    config.database.path = folder_ / "notes.db";  // the keys of the cookies lie beside it
    config.web.public_url = "https://notes.example.org";
    return config;
  }

  // A browser in which this account is logged in.
  Browser logged_in(const std::string& account) {
    Browser browser(service_.application());
    EXPECT_EQ(browser.get("/login").status, 200);
    EXPECT_EQ(browser.post("/login", "username=" + account + "&password=secret&return_to=%2F").status, 303);
    return browser;
  }

  mcdsl::testing::TempDir folder_;
  mcdsl::testing::FakeMcias mcias_;
  mcdsl::auth::Authenticator authenticator_{mcias_.settings("my-notes")};
  mcdsl::db::Database database_ = mcdsl::db::Database::open({.path = folder_ / "notes.db"});
  Notes notes_{database_, mcdsl::system_clock(), 100};
  Config config_ = config();
  mcdsl::Service service_{"my-notes", config_, {}};
  Pages pages_{service_, config_, authenticator_, notes_};
};

TEST_F(PagesTest, SendsStrangersToTheLogin) {
  const auto answer = Browser(service_.application()).get("/");
  EXPECT_EQ(answer.status, 303);
  EXPECT_THAT(std::string(answer.headers.get("location").value_or("")), HasSubstr("/login"));
}

TEST_F(PagesTest, AddsShowsAndDeletesANote) {
  Browser alice = logged_in("alice");
  alice.get("/");
  EXPECT_EQ(alice.post("/notes", "text=buy+%3Cmilk%3E").status, 303);
  EXPECT_THAT(alice.get("/").body, HasSubstr("buy &lt;milk&gt;"));
  const auto account = mcias_.issue_token("alice");
  const std::string id = notes_.list(authenticator_.verify(account.reveal()).value()->subject, 1, "").value()[0].id;
  EXPECT_EQ(alice.post("/notes/" + id + "/delete", "").status, 303);
  const std::string after = alice.get("/").body;
  EXPECT_THAT(after, HasSubstr("The note is deleted."));
  EXPECT_THAT(after, Not(HasSubstr("milk")));
}

TEST_F(PagesTest, SaysWhatIsWrongWithANote) {
  Browser alice = logged_in("alice");
  alice.get("/");
  EXPECT_EQ(alice.post("/notes", "text=").status, 303);
  EXPECT_THAT(alice.get("/").body, HasSubstr("text: 1 to 10000 bytes"));
}

TEST_F(PagesTest, RefusesAFormWithoutItsToken) {
  Browser alice = logged_in("alice");
  alice.get("/");
  alice.set_csrf_token("invented");
  EXPECT_EQ(alice.post("/notes", "text=x").status, 403);
}

TEST_F(PagesTest, KeepsGuestsOut) {
  EXPECT_EQ(logged_in("guest").get("/").status, 403);
}

}  // namespace
}  // namespace my_notes
