#include "mcdsl/auth/authenticator.h"

#include <atomic>
#include <latch>
#include <optional>

#include <gtest/gtest.h>

#include "mcdsl/auth/internal/mcias_for_test.h"
#include "mcdsl/auth/internal/threads_for_test.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth {
namespace {

using namespace std::chrono_literals;
using internal::TestRequest;
using internal::TestResponse;
using internal::TestThreads;
using protocol::kPublicKeyPath;
using protocol::kValidatePath;

class AuthenticatorTest : public ::testing::Test {
 protected:
  Code code_of(std::string_view token) const {
    const auto caller = authenticator_.verify(token);
    EXPECT_FALSE(caller);
    return caller ? Code::unknown : caller.error().code();
  }

  testing::ManualClock clock_;
  internal::TestMcias mcias_{clock_};
  const Authenticator authenticator_{mcias_.settings(), {.clock = clock_}};
};

TEST_F(AuthenticatorTest, TellsWhoseATokenIs) {
  const auto token = mcias_.issue({.username = "alice", .roles = {"user", "admin"}});
  const auto caller = authenticator_.verify(token);
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->subject, "id-of-alice");
  EXPECT_EQ((*caller)->username, "alice");
  EXPECT_EQ((*caller)->account_type, AccountType::human);
  EXPECT_TRUE((*caller)->is_admin());
  EXPECT_EQ((*caller)->expires_at, clock_.now() + 1h);
}

TEST_F(AuthenticatorTest, GivesSystemAccountsNoRoleWhateverTheAnswerSays) {
  const auto token = mcias_.issue({.username = "mcp", .account_type = AccountType::system, .roles = {"admin"}});
  const auto caller = authenticator_.verify(token);
  ASSERT_TRUE(caller);
  EXPECT_EQ((*caller)->account_type, AccountType::system);
  EXPECT_TRUE((*caller)->roles.empty());
}

TEST_F(AuthenticatorTest, AsksAgainFiveSecondsBeforeItForgets) {
  const auto token = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(token));
  clock_.advance(25s - 1ns);
  EXPECT_TRUE(authenticator_.verify(token));
  EXPECT_EQ(mcias_.calls(kValidatePath), 1);
  clock_.advance(1ns);
  EXPECT_TRUE(authenticator_.verify(token));
  EXPECT_EQ(mcias_.calls(kValidatePath), 2);
  EXPECT_EQ(mcias_.calls(kPublicKeyPath), 1);
}

TEST_F(AuthenticatorTest, RefusesARevokedTokenAfterThirtySeconds) {
  const auto token = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(token));
  mcias_.revoke(token);
  clock_.advance(30s);
  EXPECT_EQ(code_of(token), Code::unauthenticated);
}

TEST_F(AuthenticatorTest, RefusesARememberedTokenThatHasExpired) {
  const auto token = mcias_.issue({.lifetime = 10s});
  EXPECT_TRUE(authenticator_.verify(token));
  clock_.advance(10s);
  EXPECT_EQ(code_of(token), Code::unauthenticated);
}

TEST_F(AuthenticatorTest, BelievesTheEarlierOfTheExpiriesOfTokenAndAnswer) {
  const auto token = mcias_.issue({.lifetime = 10s});
  mcias_.answer(kValidatePath,
                {.body = R"({"valid":true,"subject":"1","username":"alice","account_type":"human","roles":[],)"
                         R"("expires_at":"2026-01-02T00:00:00Z"})"});
  const auto caller = authenticator_.verify(token);
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->expires_at, clock_.now() + 10s);
}

TEST_F(AuthenticatorTest, RefusesATokenWhoseAnswerHasExpired) {
  mcias_.answer(kValidatePath,
                {.body = R"({"valid":true,"subject":"1","username":"alice","account_type":"human","roles":[],)"
                         R"("expires_at":"2026-01-01T00:00:00Z"})"});
  EXPECT_EQ(code_of(mcias_.issue()), Code::unauthenticated);
}

TEST_F(AuthenticatorTest, RemembersARefusalForFiveSeconds) {
  const auto token = mcias_.issue();
  mcias_.revoke(token);
  EXPECT_EQ(code_of(token), Code::unauthenticated);
  clock_.advance(4s);
  EXPECT_EQ(code_of(token), Code::unauthenticated);
  EXPECT_EQ(mcias_.calls(kValidatePath), 1);
  clock_.advance(1s);
  EXPECT_EQ(code_of(token), Code::unauthenticated);
  EXPECT_EQ(mcias_.calls(kValidatePath), 2);
}

TEST_F(AuthenticatorTest, RefusesMalformedAndExpiredTokensWithoutAnyCall) {
  const auto token = mcias_.issue({.lifetime = 1s});
  clock_.advance(1s);
  for (const auto& refused : {std::string(), std::string("x"), std::string("a.b.c"), token, token + "\r\nX-Evil: 1"}) {
    EXPECT_EQ(code_of(refused), Code::unauthenticated);
  }
  EXPECT_EQ(mcias_.calls(kValidatePath), 0);
  EXPECT_EQ(mcias_.calls(kPublicKeyPath), 0);
  EXPECT_EQ(mcias_.server().connections(), 0);
}

TEST_F(AuthenticatorTest, RefusesForgedTokensAtTheCostOfOneFetchedKey) {
  internal::TestMcias forger(clock_);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(code_of(forger.issue()), Code::unauthenticated);
  }
  EXPECT_EQ(mcias_.calls(kValidatePath), 0);
  EXPECT_EQ(mcias_.calls(kPublicKeyPath), 1);
}

TEST_F(AuthenticatorTest, FollowsARotationOfTheKey) {
  const auto before = mcias_.issue();
  EXPECT_TRUE(authenticator_.verify(before));
  mcias_.rotate_key();
  clock_.advance(10s);
  EXPECT_TRUE(authenticator_.verify(mcias_.issue()));
  clock_.advance(30s);
  EXPECT_TRUE(authenticator_.verify(before));
}

TEST_F(AuthenticatorTest, FollowsAnIdentityServiceThatWasSetUpAnew) {
  EXPECT_TRUE(authenticator_.verify(mcias_.issue()));
  mcias_.replace_key();
  clock_.advance(10s);
  EXPECT_TRUE(authenticator_.verify(mcias_.issue()));
}

TEST_F(AuthenticatorTest, LetsMciasDecideWhereItPublishesNoKey) {
  mcias_.answer(kPublicKeyPath, {.status = 404});
  EXPECT_TRUE(authenticator_.verify(mcias_.issue()));
  internal::TestMcias forger(clock_);
  EXPECT_EQ(code_of(forger.issue()), Code::unauthenticated);
  EXPECT_EQ(mcias_.calls(kValidatePath), 2);
}

TEST_F(AuthenticatorTest, AsksOnceForManyThreads) {
  constexpr int kThreads = 16;
  const auto token = mcias_.issue();
  std::latch all_wait(1);
  mcias_.answer(kPublicKeyPath, [&](const TestRequest&) {
    all_wait.wait();
    return TestResponse{.status = 404};
  });
  std::atomic<int> admitted = 0;
  TestThreads threads(kThreads, [&](int) { admitted += authenticator_.verify(token) ? 1 : 0; });
  threads.wait_until_all_block();
  all_wait.count_down();
  threads.join();
  EXPECT_EQ(admitted, kThreads);
  EXPECT_EQ(mcias_.calls(kValidatePath), 1);
}

TEST_F(AuthenticatorTest, KeepsItsConnectionOpen) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(authenticator_.verify(mcias_.issue()));
  }
  EXPECT_EQ(mcias_.calls(kValidatePath), 5);
  EXPECT_EQ(mcias_.server().connections(), 1);
}

TEST_F(AuthenticatorTest, OpensNoMoreConnectionsThanItMayForManyTokens) {
  constexpr int kThreads = 16;
  const Authenticator bounded(mcias_.settings(), {.clock = clock_, .max_connections = 2});
  std::atomic<int> admitted = 0;
  TestThreads threads(kThreads, [&](int) { admitted += bounded.verify(mcias_.issue()) ? 1 : 0; });
  threads.join();
  EXPECT_EQ(admitted, kThreads);
  EXPECT_LE(mcias_.server().connections(), 2);
}

TEST_F(AuthenticatorTest, RefusesSettingsItCannotWorkWith) {
  const auto with = [this](auto change) {
    auto settings = mcias_.settings();
    change(settings);
    return settings;
  };
  const std::vector<std::pair<config::Mcias, std::string>> cases = {
      {with([](auto& s) { s.server_url = ""; }), "mcias.server_url: is not set"},
      {with([](auto& s) { s.server_url = "http://localhost"; }), "mcias.server_url: must be an https:// URL"},
      {with([](auto& s) { s.server_url = "localhost:8443"; }), "mcias.server_url: "},
      {with([](auto& s) { s.server_url = "https://a:b@localhost"; }), "mcias.server_url: must hold no user"},
      {with([](auto& s) { s.server_url = "https://localhost/?x=1"; }), "mcias.server_url: must hold no user"},
      {with([](auto& s) { s.server_url = "https://"; }), "mcias.server_url: is not a URL"},
      {with([](auto& s) { s.ca_cert = "/nonexistent/ca.pem"; }), "/nonexistent/ca.pem"},
      {with([](auto& s) { s.cache_entries = 0; }), "mcias.cache_entries"},
  };
  for (const auto& [settings, text] : cases) {
    try {
      const Authenticator authenticator(settings);
      ADD_FAILURE() << "accepted where this was wrong: " << text;
    } catch (const Exception& exception) {
      EXPECT_TRUE(std::string_view(exception.what()).contains(text)) << exception.what();
    }
  }
}

TEST_F(AuthenticatorTest, RefusesACaFileWithoutACertificate) {
  const testing::TempDir dir;
  auto settings = mcias_.settings();
  settings.ca_cert = dir.write("ca.pem", "no certificate");
  EXPECT_THROW(const Authenticator authenticator(settings), Exception);
}

}  // namespace
}  // namespace mcdsl::auth
