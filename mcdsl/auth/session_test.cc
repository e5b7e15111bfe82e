#include <gtest/gtest.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/auth/internal/mcias_for_test.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth {
namespace {

using namespace std::chrono_literals;
using internal::TestMcias;
using internal::TestResponse;

Credentials credentials(std::string_view password = TestMcias::kPassword) {
  return {.username = "alice", .password = Secret(std::string(password))};
}

class SessionTest : public ::testing::Test {
 protected:
  template <class T>
  static Code code_of(const Result<T>& result) {
    return result ? Code::unknown : result.error().code();
  }

  testing::ManualClock clock_;
  TestMcias mcias_{clock_};
  const Authenticator authenticator_{mcias_.settings(), {.clock = clock_}};
};

TEST_F(SessionTest, LogsInWithTheRightPassword) {
  const auto session = authenticator_.login(credentials());
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_EQ(session->expires_at, clock_.now() + 1h);
  EXPECT_TRUE(authenticator_.verify(session->token.reveal()));
}

TEST_F(SessionTest, SendsServiceNameAndTagsWithEveryLogin) {
  ASSERT_TRUE(authenticator_.login(credentials()));
  const auto request = mcias_.last(protocol::kLoginPath);
  EXPECT_EQ(request.body,
            R"({"username":"alice","password":"correct horse","service_name":"notes","tags":["env:test","b"]})");
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
}

TEST_F(SessionTest, SendsACodeWhereOneWasTyped) {
  auto typed = credentials();
  typed.totp_code = Secret("123456");
  ASSERT_TRUE(authenticator_.login(typed));
  EXPECT_TRUE(mcias_.last(protocol::kLoginPath).body.contains(R"("totp_code":"123456")"));
}

TEST_F(SessionTest, ExchangesACodeOfSingleSignOn) {
  const AuthorizationCode code{.code = Secret("the-code"),
                               .code_verifier = Secret("the-verifier"),
                               .client_id = "notes",
                               .redirect_uri = "https://notes.example.org/sso/callback"};
  const std::string token = mcias_.issue();
  mcias_.answer(protocol::kSsoTokenPath,
                TestResponse{.body = R"({"token":")" + token + R"(","expires_at":"2026-01-01T01:00:00Z"})"});
  const auto session = authenticator_.exchange(code);
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_EQ(session->token.reveal(), token);
  EXPECT_EQ(session->expires_at, clock_.now() + 1h);
  EXPECT_EQ(
      mcias_.last(protocol::kSsoTokenPath).body,
      R"({"code":"the-code","client_id":"notes","redirect_uri":"https://notes.example.org/sso/callback","code_verifier":"the-verifier"})");

  const std::vector<std::pair<int, Code>> cases = {{400, Code::unauthenticated},   {401, Code::unauthenticated},
                                                   {403, Code::permission_denied}, {429, Code::resource_exhausted},
                                                   {404, Code::unavailable},       {500, Code::unavailable}};
  for (const auto& [status, expected] : cases) {
    mcias_.answer(protocol::kSsoTokenPath, TestResponse{.status = status, .body = R"({"error":"the-code"})"});
    const auto refused = authenticator_.exchange(code);
    EXPECT_EQ(code_of(refused), expected) << status;
    EXPECT_FALSE(refused.error().to_string().contains("the-")) << refused.error().to_string();
  }
}

TEST_F(SessionTest, TellsWrongCredentialsPolicyAndTooManyTriesApart) {
  EXPECT_EQ(code_of(authenticator_.login(credentials("wrong"))), Code::unauthenticated);
  const std::vector<std::pair<int, Code>> cases = {{401, Code::unauthenticated},    {403, Code::permission_denied},
                                                   {429, Code::resource_exhausted}, {400, Code::unavailable},
                                                   {404, Code::unavailable},        {302, Code::unavailable},
                                                   {500, Code::unavailable},        {503, Code::unavailable}};
  for (const auto& [status, code] : cases) {
    mcias_.answer(protocol::kLoginPath, TestResponse{.status = status, .body = R"({"error":"no","code":"no"})"});
    EXPECT_EQ(code_of(authenticator_.login(credentials())), code) << status;
  }
}

TEST_F(SessionTest, DoesNotBelieveALoginWithoutAProperSession) {
  const auto token = mcias_.issue();
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("hello"), R"({"token":")" + token + "\"}",
        R"({"token":")" + token + R"(","expires_at":"tomorrow"})",
        std::string(R"({"token":"","expires_at":"2026-01-02T00:00:00Z"})"),
        std::string(R"({"token":"a\r\nSet-Cookie: b","expires_at":"2026-01-02T00:00:00Z"})")}) {
    mcias_.answer(protocol::kLoginPath, TestResponse{.body = body});
    EXPECT_EQ(code_of(authenticator_.login(credentials())), Code::unavailable) << body;
  }
}

TEST_F(SessionTest, RefusesATokenAtOnceAfterLogout) {
  const auto token = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(token));
  EXPECT_TRUE(authenticator_.logout(token));
  EXPECT_EQ(mcias_.last(protocol::kLogoutPath).headers.at("authorization"), "Bearer " + token);
  EXPECT_EQ(code_of(authenticator_.verify(token)), Code::unauthenticated);
  clock_.advance(5s);
  EXPECT_EQ(code_of(authenticator_.verify(token)), Code::unauthenticated);
}

TEST_F(SessionTest, RefusesATokenDuringTheLogoutToo) {
  const auto token = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(token));
  Code during = Code::unknown;
  mcias_.answer(protocol::kLogoutPath, [&](const internal::TestRequest&) {
    during = code_of(authenticator_.verify(token));
    return TestResponse{.status = 204};
  });
  EXPECT_TRUE(authenticator_.logout(token));
  EXPECT_EQ(during, Code::unauthenticated);
}

TEST_F(SessionTest, SaysSoWhenALogoutDidNotReachMcias) {
  const auto token = mcias_.issue();
  mcias_.answer(protocol::kLogoutPath, TestResponse{.status = 503});
  EXPECT_EQ(code_of(authenticator_.logout(token)), Code::unavailable);
  EXPECT_EQ(code_of(authenticator_.verify(token)), Code::unauthenticated);
  mcias_.answer(protocol::kLogoutPath, TestResponse{.status = 404});
  EXPECT_EQ(code_of(authenticator_.logout(token)), Code::unavailable);
}

TEST_F(SessionTest, TakesALogoutOfADeadTokenForDone) {
  mcias_.answer(protocol::kLogoutPath, TestResponse{.status = 401});
  EXPECT_TRUE(authenticator_.logout(mcias_.issue()));
}

TEST_F(SessionTest, ExchangesATokenForANewOne) {
  const auto token = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(token));
  const auto renewed = authenticator_.renew(token);
  ASSERT_TRUE(renewed) << renewed.error().to_string();
  EXPECT_EQ(mcias_.last(protocol::kRenewPath).headers.at("authorization"), "Bearer " + token);
  EXPECT_TRUE(authenticator_.verify(renewed->token.reveal()));
  EXPECT_EQ(code_of(authenticator_.verify(token)), Code::unauthenticated);
}

TEST_F(SessionTest, KeepsATokenThatCouldNotBeRenewed) {
  const auto token = mcias_.issue();
  mcias_.answer(protocol::kRenewPath, TestResponse{.status = 500});
  EXPECT_EQ(code_of(authenticator_.renew(token)), Code::unavailable);
  EXPECT_TRUE(authenticator_.verify(token));
  mcias_.answer(protocol::kRenewPath, TestResponse{.status = 401});
  EXPECT_EQ(code_of(authenticator_.renew(token)), Code::unauthenticated);
  EXPECT_EQ(code_of(authenticator_.verify(token)), Code::unauthenticated);
}

TEST_F(SessionTest, NeverPutsAMalformedTokenIntoARequest) {
  for (const auto* token : {"", "x", "a\r\nX-Evil: 1"}) {
    EXPECT_EQ(code_of(authenticator_.logout(token)), Code::unauthenticated);
    EXPECT_EQ(code_of(authenticator_.renew(token)), Code::unauthenticated);
  }
  EXPECT_EQ(mcias_.server().connections(), 0);
}

TEST_F(SessionTest, PingsTheHealthOfMcias) {
  EXPECT_TRUE(authenticator_.ping());
  for (const auto& answer : {TestResponse{.status = 500}, TestResponse{.status = 404}, TestResponse{.body = "ok"},
                             TestResponse{.body = R"({"status":"degraded"})"}}) {
    mcias_.answer(protocol::kHealthPath, answer);
    EXPECT_EQ(code_of(authenticator_.ping()), Code::unavailable) << answer.status << answer.body;
  }
}

}  // namespace
}  // namespace mcdsl::auth
