#include "mcdsl/auth/server_messages.h"

#include <chrono>

#include "gtest/gtest.h"

namespace mcdsl::auth {
namespace {

const Clock::WallTime kEnd = std::chrono::sys_days(std::chrono::year(2026) / 2 / 3) + std::chrono::hours(4);

TEST(LoginRequest, NeedsTheServiceButNoTags) {
  const auto login = json::decode<LoginRequest>(R"({"username":"alice","password":"pw","service_name":"mcr"})");
  ASSERT_TRUE(login.has_value());
  EXPECT_EQ(login->username, "alice");
  EXPECT_EQ(login->password.reveal(), "pw");
  EXPECT_EQ(login->service_name, "mcr");
  EXPECT_TRUE(login->tags.empty());
  EXPECT_FALSE(login->totp_code);
  EXPECT_FALSE(json::decode<LoginRequest>(R"({"username":"alice","password":"pw"})"));
}

TEST(ServerMessages, WriteASessionAsTheProtocolSays) {
  EXPECT_EQ(encode_session({.token = Secret("a.b.c"), .expires_at = kEnd}),
            R"({"token":"a.b.c","expires_at":"2026-02-03T04:00:00Z"})");
}

TEST(ServerMessages, WriteAValidationAsTheProtocolSays) {
  const Caller caller{.subject = "s-1",
                      .username = "alice",
                      .account_type = AccountType::human,
                      .roles = {"admin", "user"},
                      .expires_at = kEnd};
  EXPECT_EQ(encode_validation(&caller),
            R"({"valid":true,"subject":"s-1","username":"alice","account_type":"human","roles":["admin","user"],)"
            R"("expires_at":"2026-02-03T04:00:00Z"})");
  EXPECT_EQ(encode_validation(nullptr), R"({"valid":false})");
}

TEST(ServerMessages, WriteAnErrorWithItsMachineWord) {
  EXPECT_EQ(encode_error("no", "permission_denied"), R"({"error":"no","code":"permission_denied"})");
}

}  // namespace
}  // namespace mcdsl::auth
