#include "tools/mcias-dev/rest.h"

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/auth/jwk.h"
#include "mcdsl/auth/jwt.h"
#include "mcdsl/auth/protocol.h"
#include "tools/mcias-dev/test_server.h"

namespace mcias {
namespace {

namespace protocol = mcdsl::auth::protocol;
using namespace std::chrono_literals;
using mcdsl::http::Method;
using mcdsl::http::Response;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kPassword = "correct horse";

void expect_error(const Response& response, int status, std::string_view code) {
  EXPECT_EQ(response.status, status) << response.body;
  EXPECT_EQ(read(response).code, code);
  EXPECT_NE(read(response).error, "");
}

TEST(Login, GivesATokenThatTheServerVouchesFor) {
  TestServer server;
  const Account alice = server.add_user("alice", kPassword, {"admin", "user"});
  const Response response = server.login("alice", kPassword);
  ASSERT_EQ(response.status, 200) << response.body;
  const Answer session = read(response);
  EXPECT_EQ(session.expires_at, "2026-01-01T12:00:00Z");

  const Answer validation = read(server.post(protocol::kValidatePath, session.token));
  EXPECT_EQ(validation.valid, true);
  EXPECT_EQ(validation.subject, alice.id);
  EXPECT_EQ(validation.username, "alice");
  EXPECT_EQ(validation.account_type, "human");
  EXPECT_THAT(validation.roles, ElementsAre("admin", "user"));
  EXPECT_EQ(validation.expires_at, session.expires_at);
}

TEST(Login, SignsTheClaimsOfTheContract) {
  TestServer server([](Config& config) { config.identity.issuer = "https://mcias.test"; });
  const Account alice = server.add_user("alice", kPassword);
  const std::string token = server.token_of("alice", kPassword);
  const auto jwk = mcdsl::auth::decode_jwk(server.client.get(protocol::kPublicKeyPath).body);
  ASSERT_TRUE(jwk);
  const auto jwt = mcdsl::auth::Jwt::parse(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->key_id(), jwk->key_id);
  const auto claims = jwt->verify(jwk->key);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, alice.id);
  EXPECT_EQ(claims->username, "alice");
  EXPECT_THAT(claims->roles, ElementsAre("user"));
  EXPECT_EQ(claims->issued_at, server.clock.now());
  EXPECT_EQ(claims->expires_at, server.clock.now() + 12h);
  EXPECT_EQ(claims->issuer, "https://mcias.test");
  EXPECT_NE(claims->token_id, "");
}

TEST(Login, TakesTheNameInAnyCase) {
  TestServer server;
  server.add_user("alice", kPassword);
  EXPECT_EQ(server.login("ALICE", kPassword).status, 200);
}

TEST(Login, AnswersAlikeWhateverIsWrong) {
  TestServer server;
  server.add_user("alice", kPassword);
  server.add_user("carol", kPassword);
  ASSERT_TRUE(server.store.set_disabled("carol", true));
  server.add_system("robot");
  const Response wrong_password = server.login("alice", "wrong");
  expect_error(wrong_password, 401, "unauthenticated");
  for (const auto& [name, password] : std::vector<std::pair<std::string, std::string_view>>{
           {"nobody", kPassword}, {"carol", kPassword}, {"robot", ""}, {"no name", kPassword}}) {
    const Response response = server.login(name, password);
    EXPECT_EQ(response.status, 401) << name;
    EXPECT_EQ(response.body, wrong_password.body) << name;
  }
}

TEST(Login, CostsOneVerificationWhateverIsWrong) {
  TestServer server;
  server.add_user("alice", kPassword);
  server.add_system("robot");
  std::uint64_t expected = 0;
  for (const std::string name : {"alice", "nobody", "robot", "no name"}) {
    (void)server.login(name, "wrong");
    EXPECT_EQ(server.identity.hasher().verifications(), ++expected) << name;
  }
}

TEST(Login, DeniedByPolicyIsNotAWrongPassword) {
  TestServer server([](Config& config) {
    config.policy = {{.name = "guests stay out", .roles = {"guest"}, .services = {"mcr"}, .tags = {}}};
  });
  server.add_user("gus", kPassword, {"guest"});
  expect_error(server.login("gus", kPassword, "mcr"), 403, "permission_denied");
  expect_error(server.login("gus", "wrong", "mcr"), 401, "unauthenticated");
  EXPECT_EQ(server.login("gus", kPassword, "mcq").status, 200);
  EXPECT_TRUE(server.log.contains("guests stay out"));
}

TEST(Login, LooksAtTheTagsOfTheService) {
  TestServer server([](Config& config) { config.policy = {{.tags = {"prod"}}}; });
  server.add_user("alice", kPassword);
  const auto login = [&](std::string_view tags) {
    return server.client
        .post(protocol::kLoginPath, R"({"username":"alice","password":"correct horse","service_name":"mcr","tags":)" +
                                        std::string(tags) + "}")
        .status;
  };
  EXPECT_EQ(login(R"(["eu","prod"])"), 403);
  EXPECT_EQ(login(R"(["eu"])"), 200);
}

TEST(Login, RefusesTooManyFailuresOfAName) {
  TestServer server([](Config& config) { config.identity.max_failures_per_username = 2; });
  server.add_user("alice", kPassword);
  EXPECT_EQ(server.login("alice", "wrong").status, 401);
  server.clock.advance(5min);
  EXPECT_EQ(server.login("ALICE", "wrong", "notes", "192.0.2.2").status, 401);
  const auto verifications = server.identity.hasher().verifications();
  const Response refused = server.login("alice", kPassword, "notes", "192.0.2.3");
  expect_error(refused, 429, "resource_exhausted");
  EXPECT_EQ(refused.headers.get("retry-after"), "600");
  EXPECT_EQ(server.identity.hasher().verifications(), verifications) << "no password is looked at";
  server.clock.advance(10min);
  EXPECT_EQ(server.login("alice", kPassword).status, 200);
}

TEST(Login, RefusesTooManyFailuresOfAnAddress) {
  TestServer server([](Config& config) { config.identity.max_failures_per_address = 2; });
  server.add_user("alice", kPassword);
  EXPECT_EQ(server.login("a", "wrong").status, 401);
  EXPECT_EQ(server.login("b", "wrong").status, 401);
  EXPECT_EQ(server.login("alice", kPassword).status, 429);
  EXPECT_EQ(server.login("alice", kPassword, "notes", "192.0.2.2").status, 200);
}

TEST(Login, ForgivesFailuresOfANameOnSuccess) {
  TestServer server([](Config& config) { config.identity.max_failures_per_username = 2; });
  server.add_user("alice", kPassword);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(server.login("alice", "wrong").status, 401);
    EXPECT_EQ(server.login("alice", kPassword).status, 200);
  }
}

TEST(Login, SaysWhatIsWrongWithARequest) {
  const TestServer server;
  const auto post = [&](std::string_view body) { return server.client.post(protocol::kLoginPath, body); };
  expect_error(post("{"), 400, "invalid_argument");
  expect_error(post(R"({"username":"alice","service_name":"mcr"})"), 400, "invalid_argument");
  expect_error(post(R"({"username":"alice","password":"x"})"), 400, "invalid_argument");
  expect_error(post(R"({"username":1,"password":"x","service_name":"mcr"})"), 400, "invalid_argument");
  expect_error(server.client.with_header("content-type", "application/x-www-form-urlencoded")
                   .send(Method::post, protocol::kLoginPath, "username=alice"),
               415, "unsupported_media_type");
  EXPECT_EQ(post(std::string(20'000, ' ')).status, 413);
  EXPECT_EQ(server.client.get(protocol::kLoginPath).status, 405);
}

TEST(Logout, RevokesTheTokenAtOnce) {
  TestServer server;
  server.add_user("alice", kPassword);
  const std::string token = server.token_of("alice", kPassword);
  const std::string other = server.token_of("alice", kPassword);
  EXPECT_EQ(server.post(protocol::kLogoutPath, token).status, 204);
  EXPECT_FALSE(server.is_valid(token));
  EXPECT_TRUE(server.is_valid(other));
  expect_error(server.post(protocol::kLogoutPath, token), 401, "unauthenticated");
}

TEST(Renew, GivesANewTokenAndRevokesTheOldOne) {
  TestServer server;
  server.add_user("alice", kPassword);
  const std::string old = server.token_of("alice", kPassword);
  server.clock.advance(1h);
  const Response response = server.post(protocol::kRenewPath, old);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(read(response).expires_at, "2026-01-01T13:00:00Z");
  EXPECT_TRUE(server.is_valid(read(response).token));
  EXPECT_FALSE(server.is_valid(old));
  expect_error(server.post(protocol::kRenewPath, old), 401, "unauthenticated");
}

TEST(Tokens, AreRefusedWhenMissingForgedOrExpired) {
  TestServer server;
  TestServer stranger;
  server.add_user("alice", kPassword);
  stranger.add_user("alice", kPassword);
  const std::string expired = server.token_of("alice", kPassword);
  server.clock.advance(12h);
  const std::string foreign = stranger.token_of("alice", kPassword);
  for (const std::string& token : {expired, foreign, std::string("x"), std::string("a.b.c")}) {
    EXPECT_FALSE(server.is_valid(token));
    expect_error(server.post(protocol::kRenewPath, token), 401, "unauthenticated");
    expect_error(server.post(protocol::kLogoutPath, token), 401, "unauthenticated");
  }
  expect_error(server.client.send(Method::post, protocol::kRenewPath), 401, "unauthenticated");
  expect_error(server.client.send(Method::post, protocol::kLogoutPath), 401, "unauthenticated");
}

TEST(Tokens, DieWithEachChangeOfTheirAccount) {
  TestServer server;
  server.add_user("alice", kPassword);
  const std::string hash = server.identity.hasher().hash(mcdsl::Secret("another one"));
  const std::vector<std::function<mcdsl::Result<void>()>> changes{
      [&] { return server.store.set_roles("alice", {"guest"}); },
      [&] { return server.store.set_disabled("alice", true); },
      [&] { return server.store.set_password("alice", hash); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ASSERT_TRUE(server.store.set_disabled("alice", false));
    const std::string token = server.token_of("alice", kPassword);
    ASSERT_TRUE(server.is_valid(token));
    ASSERT_TRUE(changes[i]());
    EXPECT_FALSE(server.is_valid(token)) << "change " << i;
    EXPECT_EQ(server.post(protocol::kRenewPath, token).status, 401) << "change " << i;
  }
}

TEST(Validate, TakesTheTokenFromTheBodyToo) {
  TestServer server;
  server.add_user("alice", kPassword);
  const std::string token = server.token_of("alice", kPassword);
  const Response response = server.client.post(protocol::kValidatePath, R"({"token":")" + token + R"("})");
  EXPECT_EQ(read(response).valid, true);
}

TEST(Validate, AlwaysAnswers200) {
  const TestServer server;
  for (const std::string_view body : {"", "{", "[]", R"({"token":7})", R"({"token":"x"})"}) {
    const Response response = server.client.post(protocol::kValidatePath, body);
    EXPECT_EQ(response.status, 200) << body;
    EXPECT_EQ(response.body, R"({"valid":false})") << body;
  }
}

TEST(Validate, KnowsSystemAccounts) {
  TestServer server;
  server.add_system("robot");
  const auto session = server.identity.issue_system_token("robot");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->expires_at, server.clock.now() + 365 * 24h);
  const Answer validation = read(server.post(protocol::kValidatePath, session->token.reveal()));
  EXPECT_EQ(validation.valid, true);
  EXPECT_EQ(validation.username, "robot");
  EXPECT_EQ(validation.account_type, "system");
  EXPECT_THAT(validation.roles, IsEmpty());
}

TEST(PublicKey, StaysTheSameOverARestart) {
  TestServer server;
  const std::string before = server.client.get(protocol::kPublicKeyPath).body;
  Identity restarted(server.config, server.store);
  mcdsl::http::Router router;
  add_routes(router, restarted);
  EXPECT_EQ(mcdsl::testing::AppClient(router).get(protocol::kPublicKeyPath).body, before);
  EXPECT_TRUE(std::filesystem::exists(server.folder / "signing-key.pem"));
}

TEST(ErrorWords, AreAddedToErrorsWithoutOne) {
  using mcdsl::Code;
  using mcdsl::Error;
  const auto body_of = [](const Response& response) {
    mcdsl::http::Router router;
    router.use(error_words());
    router.get("/", [response] { return response; });
    return mcdsl::testing::AppClient(router).get("/").body;
  };
  EXPECT_EQ(body_of(mcdsl::http::error(404, "no such thing")), R"({"error":"no such thing","code":"not_found"})");
  EXPECT_EQ(body_of(mcdsl::http::error(Error(Code::unavailable, "secret cause"))),
            R"({"error":"service unavailable","code":"unavailable"})");
  EXPECT_EQ(body_of(mcdsl::http::json(R"({"error":"x","code":"y"})").with_status(400)), R"({"error":"x","code":"y"})");
  EXPECT_EQ(body_of(mcdsl::http::json(R"({"error":"no failure"})")), R"({"error":"no failure"})");
}

}  // namespace
}  // namespace mcias
