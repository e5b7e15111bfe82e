#include "mcdsl/httpserver/authenticate.h"

#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/principal.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl::httpserver {
namespace {

using auth::Access;

// Knows three tokens: a user's, an administrator's, and one that finds the identity service away.
class FewTokens final : public auth::TokenVerifier {
 public:
  [[nodiscard]] Result<std::shared_ptr<const auth::Caller>> find_caller(
      std::string_view token, std::chrono::nanoseconds /*patience*/) const override {
    if (token == "away") {
      return fail(Code::unavailable, "connect to MCIAS: connection refused");
    }
    if (token != "user" && token != "admin") {
      return fail(Code::unauthenticated, "not valid");
    }
    auth::Caller caller;
    caller.username = std::string(token) + "-name";
    caller.roles = {std::string(token)};
    return std::make_shared<const auth::Caller>(std::move(caller));
  }
};

class RequireTest : public ::testing::Test {
 protected:
  RequireTest() {
    const auto whoami = [](const http::Request& request) {
      return http::text(caller(request).username + " " + request.get<http::Principal>()->name);
    };
    for (const auto& [path, access] :
         std::map<std::string, Access>{{"/user", Access::user()}, {"/admin", Access::admin()}}) {
      router_.group([&](http::Router& routes) {
        routes.use(require(verifier_, access));
        routes.get(path, whoami);
      });
    }
    router_.group([&](http::Router& routes) {
      routes.use(require(verifier_, Access::open()));
      routes.get("/open", [] { return http::text("anyone"); });
      routes.get("/mistake", whoami);
    });
  }

  http::Response get(std::string_view path, std::string_view token = {}) {
    const testing::AppClient client(router_);
    return token.empty() ? client.get(path)
                         : client.with_header("authorization", "Bearer " + std::string(token)).get(path);
  }

  FewTokens verifier_;
  http::Router router_;
};

TEST_F(RequireTest, GivesTheHandlerItsCaller) {
  const http::Response response = get("/user", "user");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "user-name user-name");
}

TEST_F(RequireTest, Answers401WithoutATokenOrWithAnInvalidOne) {
  EXPECT_EQ(get("/user").status, 401);
  EXPECT_EQ(get("/user", "invented").status, 401);
  EXPECT_EQ(get("/user").headers.get("www-authenticate"), "Bearer");
}

TEST_F(RequireTest, Answers403WhereTheRuleSaysNo) {
  EXPECT_EQ(get("/admin", "user").status, 403);
  EXPECT_EQ(get("/admin", "admin").status, 200);
}

TEST_F(RequireTest, Answers503AndNever401WhenTheIdentityServiceIsAway) {
  const http::Response response = get("/user", "away");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":"service unavailable"})");
  EXPECT_THAT(response.error->to_string(), ::testing::HasSubstr("connection refused"));
}

TEST_F(RequireTest, LooksAtNoTokenWhereTheRuleIsOpen) {
  EXPECT_EQ(get("/open").status, 200);
  EXPECT_EQ(get("/open", "away").status, 200);
}

TEST_F(RequireTest, TellsAHandlerThatAsksForACallerNobodyRequires) {
  EXPECT_EQ(get("/mistake", "user").status, 500);
}

}  // namespace
}  // namespace mcdsl::httpserver
