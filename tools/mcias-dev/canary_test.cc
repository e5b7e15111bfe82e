#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/http/access_log.h"
#include "mcdsl/http/pipeline.h"
#include "tools/mcias-dev/commands.h"
#include "tools/mcias-dev/sso_browser.h"
#include "tools/mcias-dev/test_server.h"
#include "tools/mcias-dev/totp.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;
using mcdsl::Secret;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPassword = "canary-right-password";
constexpr std::string_view kWrong = "canary-wrong-password";

// Everything a server with its access log says while it meets every kind of login and token.
class Canary : public testing::Test {
 protected:
  [[nodiscard]] mcdsl::http::Response call(std::string_view path, std::string_view token) const {
    return mcdsl::testing::AppClient(application_)
        .with_header("authorization", "Bearer " + std::string(token))
        .post(path, "{}");
  }
  [[nodiscard]] mcdsl::http::Response login(std::string_view username, std::string_view password) const {
    return mcdsl::testing::AppClient(application_)
        .post(protocol::kLoginPath, R"({"username":")" + std::string(username) + R"(","password":")" +
                                        std::string(password) + R"(","service_name":"notes"})");
  }

  TestServer server_{[](Config& config) {
    config.identity.max_failures_per_username = 2;
    add_sso_clients(config);
  }};
  mcdsl::http::Pipeline application_{server_.router, {mcdsl::http::access_log(server_.log.logger(), server_.clock)}};
};

TEST_F(Canary, NoPasswordIsLoggedOrAnswered) {
  server_.add_user("alice", kPassword);
  std::string answers;
  for (const auto& [name, password] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"alice", kPassword}, {"alice", kWrong}, {kPassword, kWrong}, {"alice", kWrong}, {"alice", kPassword}}) {
    answers += login(name, password).body;
  }
  answers += login("alice\",\"oops\":\"", kWrong).body;
  EXPECT_THAT(answers, Not(HasSubstr("canary")));
  EXPECT_THAT(server_.log.text(), HasSubstr("wrong password"));
  EXPECT_THAT(server_.log.text(), Not(HasSubstr("canary")));
}

TEST_F(Canary, NoTokenIsLoggedOrAnsweredTwice) {
  server_.add_user("alice", kPassword);
  const std::string token = read(login("alice", kPassword)).token;
  const std::string tampered = token.substr(0, token.size() - 4) + "AAAA";
  std::string answers = call(protocol::kValidatePath, token).body + call(protocol::kValidatePath, tampered).body;
  const std::string renewed = read(call(protocol::kRenewPath, token)).token;
  for (const auto& path : {protocol::kRenewPath, protocol::kLogoutPath}) {
    answers += call(path, token).body + call(path, tampered).body;
  }
  answers += call(protocol::kLogoutPath, renewed).body;
  for (const std::string& secret : {token, renewed}) {
    const std::string signature = secret.substr(secret.rfind('.') + 1, 40);
    EXPECT_THAT(answers, Not(HasSubstr(signature)));
    EXPECT_THAT(server_.log.text(), Not(HasSubstr(signature)));
  }
  EXPECT_THAT(server_.log.text(), HasSubstr("logout"));
}

TEST_F(Canary, NoOneTimeCodeNoSecretAndNothingOfSingleSignOnIsLogged) {
  server_.add_user("alice", kPassword);
  const Secret secret("canary-secret-bytes!");
  ASSERT_TRUE(server_.store.set_totp("alice", {.secret = secret}));
  Fields parameters = good_parameters();
  parameters["state"] = "canary-state";
  SsoBrowser browser(application_);
  (void)browser.open(parameters);
  const std::string csrf_token = browser.form().at("csrf_token");
  std::string pages = browser.log_in("alice", kWrong).body;
  pages += browser.log_in("nobody", kWrong, "000000").body;
  const std::string totp = totp_code(secret, totp_step(server_.clock.now()));
  const std::string code = redirected(browser.log_in("alice", kPassword, totp))["code"];
  const std::string token = read(redeem(application_, code)).token;
  const auto replayed = redeem(application_, code);
  ASSERT_TRUE(!code.empty() && !token.empty());
  EXPECT_THAT(pages + replayed.body, Not(HasSubstr("canary-wrong")));
  EXPECT_THAT(replayed.body, Not(HasSubstr(code)));

  const std::string log = server_.log.text();
  EXPECT_THAT(log, HasSubstr("sso login"));
  EXPECT_THAT(log, HasSubstr("/sso/authorize"));
  for (const std::string& hidden : {std::string("canary"), csrf_token, totp, code, token, std::string(kVerifier),
                                    base32_encode(secret.reveal()), mcdsl::base64url_encode(secret.reveal())}) {
    EXPECT_THAT(log, Not(HasSubstr(hidden)));
  }
}

TEST_F(Canary, NoCommandShowsAPassword) {
  std::ostringstream out;
  const Console console{.out = out,
                        .err = out,
                        .ask_password = [](std::string_view) { return Secret(std::string(kWrong)); },
                        .read_line = [] { return Secret(std::string(kPassword)); }};
  const std::vector<std::string> add{"add", "alice", "--password-stdin"};
  ASSERT_EQ(run_user_command(add, server_.config, console), 0);
  const std::vector<std::string> change{"passwd", "alice"};
  ASSERT_EQ(run_user_command(change, server_.config, console), 0);
  const std::vector<std::string> list{"list"};
  ASSERT_EQ(run_user_command(list, server_.config, console), 0);
  EXPECT_THAT(out.str(), HasSubstr("alice"));
  EXPECT_THAT(out.str(), Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace mcias
