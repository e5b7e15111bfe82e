#include "mcdsl/httpserver/login.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/json/decode.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/fake_mcias.h"

namespace mcdsl::httpserver {
namespace {

struct Answer {
  std::string token;
  std::string expires_at;

  void bind(json::Fields& fields) {
    fields.required("token", token);
    fields.required("expires_at", expires_at);
  }
};

class LoginRoutesTest : public ::testing::Test {
 protected:
  LoginRoutesTest() {
    mcias_.add_user("alice", "alice's password", {"user"});
    add_login_routes(router_, authenticator_);
  }

  [[nodiscard]] http::Response log_in(const std::string& password) const {
    return client_.post("/v1/auth/login", R"({"username":"alice","password":")" + password + R"("})");
  }

  testing::FakeMcias mcias_;
  auth::Authenticator authenticator_{mcias_.settings("notes")};
  http::Router router_;
  const testing::AppClient client_{router_};
};

TEST_F(LoginRoutesTest, GiveATokenThatIsGoodUntilItsLogout) {
  const auto login = log_in("alice's password");
  ASSERT_EQ(login.status, 200);
  EXPECT_EQ(login.headers.get("cache-control"), "no-store");
  const auto session = json::decode<Answer>(login.body);
  ASSERT_TRUE(session);
  EXPECT_TRUE(authenticator_.verify(session->token));
  const auto logout = client_.with_header("authorization", "Bearer " + session->token).post("/v1/auth/logout", "");
  EXPECT_EQ(logout.status, 204);
  EXPECT_FALSE(authenticator_.verify(session->token));
}

TEST_F(LoginRoutesTest, TellAWrongPasswordFromAnOutage) {
  EXPECT_EQ(log_in("wrong").status, 401);
  mcias_.go_down();
  EXPECT_EQ(log_in("alice's password").status, 503);
}

TEST_F(LoginRoutesTest, RefuseALogoutWithoutAToken) {
  EXPECT_EQ(client_.post("/v1/auth/logout", "").status, 401);
}

}  // namespace
}  // namespace mcdsl::httpserver
