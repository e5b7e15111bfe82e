#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api_fixture_test.h"
#include "mcdsl/json/decode.h"

namespace mcq {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct LoginAnswer {
  std::string token;
  std::string expires_at;

  void bind(mcdsl::json::Fields& fields) {
    fields.required("token", token);
    fields.required("expires_at", expires_at);
  }
};

TEST_F(ApiTest, LogsInReadsAndLogsOut) {
  const auto login = anonymous().post("/v1/auth/login", R"({"username":"alice","password":"alice's password"})");
  ASSERT_EQ(login.status, 200) << login.body;
  const auto session = mcdsl::json::decode<LoginAnswer>(login.body);
  ASSERT_TRUE(session.has_value());
  const auto client = anonymous().with_header("authorization", "Bearer " + session->token);
  EXPECT_EQ(client.get("/v1/documents").status, 200);
  EXPECT_EQ(client.post("/v1/auth/logout", "").status, 204);
  EXPECT_EQ(client.get("/v1/documents").status, 401);
}

TEST_F(ApiTest, TellsAWrongPasswordFromADenialAndFromAnOutage) {
  mcias_.deny("bob", "mcq");
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"wrong"})").status, 401);
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"bob","password":"bob's password"})").status, 403);
  mcias_.go_down();
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"alice's password"})").status, 503);
}

TEST_F(ApiTest, LetsEveryRoleReadAndOnlySomePush) {
  EXPECT_EQ(push("alice", "a"), 200);
  EXPECT_EQ(push("root", "b"), 200);
  EXPECT_EQ(push("robot", "c"), 200);
  EXPECT_EQ(push("guest", "d"), 403);
  for (const std::string reader : {"alice", "bob", "root", "guest", "robot"}) {
    EXPECT_EQ(as(reader).get("/v1/documents/a").status, 200) << reader;
  }
  EXPECT_EQ(anonymous().get("/v1/documents/a").status, 401);
}

TEST_F(ApiTest, LetsOnlyThePusherOrAnAdministratorDelete) {
  ASSERT_EQ(push("alice", "a"), 200);
  EXPECT_EQ(as("bob").delete_("/v1/documents/a").status, 403);
  EXPECT_EQ(as("robot").delete_("/v1/documents/a").status, 403);
  EXPECT_EQ(as("alice").delete_("/v1/documents/a").status, 204);
  ASSERT_EQ(push("alice", "a"), 200);
  EXPECT_EQ(as("root").delete_("/v1/documents/a").status, 204);
  EXPECT_EQ(as("root").get("/v1/documents/a").status, 404);
}

TEST_F(ApiTest, MarksReadAndUnread) {
  ASSERT_EQ(push("alice", "a"), 200);
  EXPECT_EQ(as("guest").post("/v1/documents/a/read", "").status, 204);
  EXPECT_THAT(as("alice").get("/v1/documents/a").body, HasSubstr(R"("read":true)"));
  EXPECT_EQ(as("guest").post("/v1/documents/a/unread", "").status, 204);
  EXPECT_THAT(as("alice").get("/v1/documents/a").body, HasSubstr(R"("read":false)"));
  EXPECT_EQ(as("alice").post("/v1/documents/none/read", "").status, 404);
}

TEST_F(ApiTest, PagesTheList) {
  for (const std::string slug : {"a", "b", "c"}) {
    ASSERT_EQ(push("alice", slug), 200);
  }
  EXPECT_THAT(as("alice").get("/v1/documents?limit=2").body, HasSubstr(R"("next":)"));
  EXPECT_THAT(as("alice").get("/v1/documents?limit=3").body, Not(HasSubstr(R"("next":)")));
  EXPECT_EQ(as("alice").get("/v1/documents?limit=0").status, 400);
  EXPECT_EQ(as("alice").get("/v1/documents?limit=many").status, 400);
  EXPECT_EQ(as("alice").get("/v1/documents?after=invented").status, 400);
}

TEST_F(ApiTest, RefusesBadInputByName) {
  const auto alice = as("alice");
  struct Case {
    std::string slug;
    std::string body;
    int status;
    std::string named;
  };
  const std::vector<Case> cases{
      {"a", "{not json", 400, "JSON"},
      {"a", R"({"title":"x"})", 400, "body"},
      {"a", R"({"title":"x","body":"y","colour":"red"})", 400, "colour"},
      {"a", R"({"title":7,"body":"y"})", 400, "title"},
      {"a", R"({"title":"","body":"y"})", 400, "title"},
      {"Not-A-Slug", R"({"title":"x","body":"y"})", 400, "slug"},
      {"-a", R"({"title":"x","body":"y"})", 400, "slug"},
      {"..%2Fetc", R"({"title":"x","body":"y"})", 400, ""},
  };
  for (const Case& wrong : cases) {
    const auto answer = alice.put("/v1/documents/" + wrong.slug, wrong.body);
    EXPECT_EQ(answer.status, wrong.status) << wrong.body;
    EXPECT_THAT(answer.body, HasSubstr(R"({"error":")"));
    EXPECT_THAT(answer.body, HasSubstr(wrong.named));
  }
  EXPECT_EQ(
      alice.with_header("content-type", "text/plain").send(mcdsl::http::Method::put, "/v1/documents/a", "x").status,
      415);
  EXPECT_EQ(alice.put("/v1/documents/a", std::string(std::size_t{6} << 20U, 'x')).status, 413);
  EXPECT_EQ(alice.get("/v1/nowhere").status, 404);
  EXPECT_EQ(alice.patch("/v1/documents/a", "{}").status, 405);
}

TEST_F(ApiTest, Answers503AndNever401WhileTheIdentityServiceIsAway) {
  const auto alice = as("alice");
  mcias_.go_down();
  EXPECT_EQ(alice.get("/v1/documents").status, 503);
  mcias_.come_back();
}

// What is searched at the end of every test has all of this in it.
TEST_F(ApiTest, NeverLogsAPasswordOrAToken) {
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"alice's password"})").status, 200);
  EXPECT_EQ(anonymous().post("/v1/auth/login", R"({"username":"alice","password":"wrong-password"})").status, 401);
  EXPECT_EQ(anonymous().with_header("authorization", "Bearer token-of-nobody").get("/v1/documents").status, 401);
  EXPECT_EQ(push("alice", "a"), 200);
  EXPECT_THAT(application().kinds(), ::testing::UnorderedElementsAre("password", "token"));
  EXPECT_TRUE(log_.contains("user=alice"));
}

}  // namespace
}  // namespace mcq
