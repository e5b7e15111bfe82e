#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/auth/protocol.h"
#include "tools/mcias-dev/sso_browser.h"
#include "tools/mcias-dev/test_server.h"
#include "tools/mcias-dev/totp.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;
using namespace std::chrono_literals;
using mcdsl::Code;
using mcdsl::http::Response;

constexpr std::string_view kPassword = "correct horse";

class TotpLogin : public testing::Test {
 protected:
  TotpLogin() {
    alice_ = server_.add_user("alice", kPassword);
    mcdsl::value_or_throw(server_.store.set_totp("alice", {.secret = secret_, .last_step = 0}));
  }

  [[nodiscard]] std::string code(int steps_from_now = 0) const {
    return totp_code(secret_, totp_step(server_.clock.now()) + steps_from_now);
  }
  [[nodiscard]] Response login(std::string_view password, std::string_view totp,
                               std::string_view name = "alice") const {
    return server_.client.post(protocol::kLoginPath, R"({"username":")" + std::string(name) + R"(","password":")" +
                                                         std::string(password) + R"(","totp_code":")" +
                                                         std::string(totp) + R"(","service_name":"notes"})");
  }

  TestServer server_{[](Config& config) {
    add_sso_clients(config);
    config.identity.max_failures_per_username = 100;
  }};
  const mcdsl::Secret secret_ = new_totp_secret();
  Account alice_;
};

TEST_F(TotpLogin, NeedsTheCodeOfAnEnrolledAccount) {
  EXPECT_EQ(login(kPassword, code()).status, 200);
  EXPECT_EQ(server_.login("alice", kPassword).status, 401) << "no code";
  EXPECT_TRUE(server_.log.contains("wrong, used or missing one-time code"));
}

TEST_F(TotpLogin, AnswersAlikeForTheSameWorkWhateverIsWrong) {
  server_.add_user("bob", kPassword);
  const Response expected = login("wrong", "000000", "nobody");
  EXPECT_EQ(expected.status, 401);
  for (const Response& response : {login("wrong", code()), login(kPassword, code(5)), login(kPassword, ""),
                                   server_.login("alice", kPassword), login("wrong", "", "bob")}) {
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.body, expected.body);
  }
  EXPECT_EQ(server_.identity.hasher().verifications(), 6U);
}

TEST_F(TotpLogin, TakesACodeOnceAndFromOneStepAway) {
  EXPECT_EQ(login(kPassword, code(-2)).status, 401);
  EXPECT_EQ(login(kPassword, code(2)).status, 401);
  EXPECT_EQ(login(kPassword, code(-1)).status, 200);
  EXPECT_EQ(login(kPassword, code(-1)).status, 401);
  EXPECT_EQ(login(kPassword, code()).status, 200);
  EXPECT_EQ(login(kPassword, code()).status, 401);
  server_.clock.advance(30s);
  EXPECT_EQ(login(kPassword, code()).status, 200);
}

TEST_F(TotpLogin, AWrongPasswordUsesNoCodeUp) {
  EXPECT_EQ(login("wrong", code()).status, 401);
  EXPECT_EQ(login(kPassword, code()).status, 200);
}

TEST_F(TotpLogin, OfManyAtOnceWithOneCodeOneGetsIn) {
  std::atomic<int> in = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { in += login(kPassword, code()).status == 200 ? 1 : 0; });
    }
  }
  EXPECT_EQ(in, 1);
}

TEST_F(TotpLogin, IgnoresTheCodeOfAnAccountWithout) {
  server_.add_user("bob", kPassword);
  EXPECT_EQ(login(kPassword, "123456", "bob").status, 200);
}

TEST_F(TotpLogin, IsAskedOnTheSsoPageToo) {
  SsoBrowser browser(server_.router);
  (void)browser.open();
  EXPECT_EQ(browser.log_in("alice", kPassword).status, 401);
  EXPECT_NE(redirected(browser.log_in("alice", kPassword, code()))["code"], "");
}

TEST_F(TotpLogin, EnrolmentAndItsEndRevokeTokens) {
  const std::string token = read(login(kPassword, code())).token;
  ASSERT_TRUE(server_.is_valid(token));
  ASSERT_TRUE(server_.store.set_totp("alice", {.secret = new_totp_secret()}));
  EXPECT_FALSE(server_.is_valid(token));
  EXPECT_EQ(login(kPassword, code(1)).status, 401) << "of the old secret";

  ASSERT_TRUE(server_.store.remove_totp("alice"));
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
  EXPECT_EQ(server_.store.remove_totp("alice").error().code(), Code::failed_precondition);
}

TEST_F(TotpLogin, IsNotForSystemAccountsOrNobody) {
  server_.add_system("robot");
  EXPECT_EQ(server_.store.set_totp("robot", {.secret = secret_}).error().code(), Code::failed_precondition);
  EXPECT_EQ(server_.store.set_totp("nobody", {.secret = secret_}).error().code(), Code::not_found);
  EXPECT_FALSE(server_.store.totp_of("nobody"));
  EXPECT_EQ(server_.store.totp_of(alice_.id)->secret.reveal(), secret_.reveal());
}

}  // namespace
}  // namespace mcias
