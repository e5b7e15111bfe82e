#include "tools/mcias-dev/identity.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tools/mcias-dev/test_server.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Secret;

constexpr std::string_view kPassword = "correct horse";

TEST(SystemTokens, AreForEnabledSystemAccountsOnly) {
  TestServer server;
  server.add_user("alice", kPassword);
  server.add_system("robot");
  EXPECT_TRUE(server.identity.issue_system_token("robot"));
  EXPECT_EQ(server.identity.issue_system_token("alice").error().code(), Code::failed_precondition);
  EXPECT_EQ(server.identity.issue_system_token("nobody").error().code(), Code::not_found);
  ASSERT_TRUE(server.store.set_disabled("robot", true));
  EXPECT_EQ(server.identity.issue_system_token("robot").error().code(), Code::failed_precondition);
}

TEST(SystemTokens, AreRenewedForTheirOwnLifetime) {
  TestServer server;
  server.add_system("robot");
  const auto session = server.identity.issue_system_token("robot");
  ASSERT_TRUE(session);
  const auto renewed = server.identity.renew(session->token.reveal());
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->expires_at, server.clock.now() + server.config.identity.system_token_lifetime);
}

TEST(Renewal, SucceedsOnceHoweverManyTryAtOnce) {
  TestServer server;
  server.add_user("alice", kPassword);
  const std::string token = server.token_of("alice", kPassword);
  std::atomic<int> successes = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { successes += server.identity.renew(token) ? 1 : 0; });
    }
  }
  EXPECT_EQ(successes, 1);
}

TEST(LoginFlood, IsTurnedAwayWhereTooManyVerify) {
  TestServer server([](Config& config) {
    config.identity.argon2_running = 1;
    config.identity.argon2_waiting = 0;
    config.identity.argon2_memory_kib = 4096;  // long enough for the logins below to meet
    config.identity.argon2_iterations = 20;
  });
  server.add_user("alice", kPassword);
  std::atomic<int> logged_in = 0;
  std::atomic<int> turned_away = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        const int status = server.login("alice", kPassword).status;
        logged_in += status == 200 ? 1 : 0;
        turned_away += status == 503 ? 1 : 0;
      });
    }
  }
  EXPECT_GE(logged_in, 1);
  EXPECT_EQ(logged_in + turned_away, 16);
}

TEST(LoginLog, NamesTheReasonThatTheClientIsNotTold) {
  TestServer server;
  server.add_user("alice", kPassword);
  (void)server.login("alice", "wrong");
  EXPECT_TRUE(server.log.contains("wrong password"));
  (void)server.login("typed-into-the-wrong-field", "x");
  EXPECT_TRUE(server.log.contains("unknown user name"));
  EXPECT_FALSE(server.log.contains("typed-into-the-wrong-field"));
}

}  // namespace
}  // namespace mcias
