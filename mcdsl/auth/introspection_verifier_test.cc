#include "mcdsl/auth/introspection_verifier.h"

#include <mutex>
#include <optional>

#include <gtest/gtest.h>

#include "mcdsl/auth/internal/server_for_test.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::auth {
namespace {

using namespace std::chrono_literals;
using internal::TestRequest;
using internal::TestResponse;

class IntrospectionTest : public ::testing::Test {
 protected:
  IntrospectionVerifier::Settings settings() const {
    return {.endpoint = server_.url() + "/oauth2/introspect",
            .client_id = "notes:1",
            .client_secret = Secret("p&ss word"),
            .ca_cert = dir_.write("ca.pem", ca_.certificate()),
            .logger = log_.logger()};
  }
  void answer(std::string body, int status = 200) {
    const std::scoped_lock lock(mutex_);
    answer_ = {.status = status, .body = std::move(body)};
  }
  TestResponse handle(const TestRequest& request) {
    const std::scoped_lock lock(mutex_);
    ++calls_;
    last_ = request;
    return answer_;
  }
  template <class T>
  static Code code_of(const Result<T>& result) {
    return result ? Code::unknown : result.error().code();
  }

  testing::ManualClock clock_;
  testing::LogCapture log_;
  testing::TempDir dir_;
  testing::CertificateAuthority ca_;
  std::mutex mutex_;
  TestResponse answer_;
  TestRequest last_;
  int calls_ = 0;
  internal::TestServer server_{ca_.issue(), [this](const TestRequest& request) { return handle(request); }};
};

// 2026-01-01T01:00:00Z, an hour from the clock's start.
constexpr const char* kUser =
    R"({"active":true,"sub":"42","username":"alice","client_id":"app","roles":["user"],"scope":"read write",)"
    R"("exp":1767229200,"token_type":"Bearer"})";

TEST_F(IntrospectionTest, TellsWhoseATokenIs) {
  answer(kUser);
  const IntrospectionVerifier verifier(settings(), clock_);
  const auto caller = verifier.verify("tok+en/1==");
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->subject, "42");
  EXPECT_EQ((*caller)->username, "alice");
  EXPECT_EQ((*caller)->account_type, AccountType::human);
  EXPECT_EQ((*caller)->roles, std::vector<std::string>{"user"});
  EXPECT_EQ((*caller)->expires_at, clock_.now() + 1h);
}

TEST_F(IntrospectionTest, AsksAsTheStandardsSay) {
  answer(kUser);
  const IntrospectionVerifier verifier(settings(), clock_);
  EXPECT_TRUE(verifier.verify("tok+en/1=="));
  EXPECT_EQ(last_.method, "POST");
  EXPECT_EQ(last_.target, "/oauth2/introspect");
  EXPECT_EQ(last_.headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(last_.headers.at("authorization"), "Basic bm90ZXMlM0ExOnAlMjZzcyUyMHdvcmQ=");  // notes%3A1:p%26ss%20word
  EXPECT_EQ(last_.body, "token=tok%2Ben%2F1%3D%3D");
}

TEST_F(IntrospectionTest, TakesRolesFromTheScopeWhereTold) {
  answer(kUser);
  auto with_scope = settings();
  with_scope.roles_from = IntrospectionVerifier::RolesFrom::scope;
  const IntrospectionVerifier verifier(with_scope, clock_);
  const auto caller = verifier.verify("token");
  ASSERT_TRUE(caller);
  EXPECT_EQ((*caller)->roles, (std::vector<std::string>{"read", "write"}));
}

TEST_F(IntrospectionTest, TakesATokenWithoutAUserForAClientsOwn) {
  answer(R"({"active":true,"client_id":"mcp","roles":["admin"]})");
  const IntrospectionVerifier verifier(settings(), clock_);
  const auto caller = verifier.verify("token");
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->account_type, AccountType::system);
  EXPECT_EQ((*caller)->username, "mcp");
  EXPECT_EQ((*caller)->subject, "mcp");
  EXPECT_TRUE((*caller)->roles.empty());
}

TEST_F(IntrospectionTest, RemembersAnswersUntilItAsksAgainAndRefusalsForFiveSeconds) {
  answer(kUser);
  const IntrospectionVerifier verifier(settings(), clock_);
  EXPECT_TRUE(verifier.verify("token"));
  answer(R"({"active":false})");
  clock_.advance(25s - 1ns);
  EXPECT_TRUE(verifier.verify("token"));
  clock_.advance(1ns);
  EXPECT_EQ(code_of(verifier.verify("token")), Code::unauthenticated);
  answer(kUser);
  clock_.advance(4s);
  EXPECT_EQ(code_of(verifier.verify("token")), Code::unauthenticated);
  EXPECT_EQ(calls_, 2);
  clock_.advance(1s);
  EXPECT_TRUE(verifier.verify("token"));
}

TEST_F(IntrospectionTest, AsksAgainAfterThirtySecondsWhereTheAnswerHasNoExpiry) {
  answer(R"({"active":true,"sub":"42","username":"alice"})");
  const IntrospectionVerifier verifier(settings(), clock_);
  EXPECT_TRUE(verifier.verify("token"));
  clock_.advance(30s);
  EXPECT_TRUE(verifier.verify("token"));
  EXPECT_EQ(calls_, 2);
}

TEST_F(IntrospectionTest, RefusesAnActiveTokenThatHasExpired) {
  answer(R"({"active":true,"sub":"42","username":"alice","exp":1767225600})");
  const IntrospectionVerifier verifier(settings(), clock_);
  EXPECT_EQ(code_of(verifier.verify("token")), Code::unauthenticated);
}

TEST_F(IntrospectionTest, RefusesWhatIsNoBearerTokenWithoutACall) {
  const IntrospectionVerifier verifier(settings(), clock_);
  for (const std::string& token : {std::string(), std::string("a b"), std::string("a&b"), std::string("==="),
                                   std::string("a=b"), std::string("a\r\n"), std::string(8193, 'a')}) {
    EXPECT_EQ(code_of(verifier.verify(token)), Code::unauthenticated);
  }
  EXPECT_EQ(calls_, 0);
}

TEST_F(IntrospectionTest, IsUnavailableForEveryAnswerThatIsNone) {
  const IntrospectionVerifier verifier(settings(), clock_);
  const std::vector<std::pair<int, std::string>> cases = {
      {401, R"({"error":"invalid_client"})"},
      {500, R"({"active":false})"},
      {200, ""},
      {200, "{}"},
      {200, R"({"active":"true"})"},
      {200, R"({"active":true})"},
      {200, R"({"active":true,"username":"alice"})"},
      {200, R"({"active":true,"sub":"42","username":"alice","exp":-1})"},
      {200, R"({"active":true,"sub":"42","username":"alice","exp":"soon"})"}};
  for (const auto& [status, body] : cases) {
    answer(body, status);
    EXPECT_EQ(code_of(verifier.verify("token")), Code::unavailable) << body;
  }
}

TEST_F(IntrospectionTest, PutsNoSecretIntoAnErrorOrTheLog) {
  const IntrospectionVerifier verifier(settings(), clock_);
  answer(R"({"active":"canary-token p&ss word"})");
  const auto caller = verifier.verify("canary-token");
  ASSERT_FALSE(caller);
  answer("", 500);
  const auto failed = verifier.verify("canary-token");
  ASSERT_FALSE(failed);
  for (const auto& text : {caller.error().to_string(), failed.error().to_string(), log_.text()}) {
    EXPECT_FALSE(text.contains("canary")) << text;
    EXPECT_FALSE(text.contains("p&ss")) << text;
    EXPECT_FALSE(text.contains("bm90ZXM")) << text;
  }
  EXPECT_TRUE(log_.contains("/oauth2/introspect"));
}

TEST_F(IntrospectionTest, RefusesAnEndpointThatIsNotHttps) {
  auto plain = settings();
  plain.endpoint = "http://localhost/introspect";
  EXPECT_THROW(const IntrospectionVerifier verifier(plain, clock_), Exception);
}

}  // namespace
}  // namespace mcdsl::auth
