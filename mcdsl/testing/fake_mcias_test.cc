#include "mcdsl/testing/fake_mcias.h"

#include <gtest/gtest.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::testing {
namespace {

// Uncached, so that each question reaches the fake: a new client asks for itself.
Result<std::shared_ptr<const auth::Caller>> ask(const FakeMcias& mcias, std::string_view token) {
  return auth::Authenticator(mcias.settings()).verify(token);
}

Code login_code(const FakeMcias& mcias, const std::string& username, const std::string& password) {
  const auto session = auth::Authenticator(mcias.settings("notes")).login({username, Secret(password), std::nullopt});
  return session ? Code{} : session.error().code();
}

TEST(FakeMcias, LogsInWhoIsKnown) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse", {"admin", "user"});
  const auth::Authenticator authenticator(mcias.settings());
  const auto session = authenticator.login({"alice", Secret("correct horse"), std::nullopt});
  ASSERT_TRUE(session) << session.error().to_string();
  const auto caller = authenticator.verify(session->token.reveal());
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->username, "alice");
  EXPECT_TRUE((*caller)->is_admin());
  EXPECT_EQ((*caller)->expires_at, session->expires_at);
}

TEST(FakeMcias, RefusesWrongPasswordsAndDeniedServicesApart) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  mcias.add_system("robot");
  EXPECT_EQ(login_code(mcias, "alice", "wrong"), Code::unauthenticated);
  EXPECT_EQ(login_code(mcias, "nobody", "correct horse"), Code::unauthenticated);
  EXPECT_EQ(login_code(mcias, "robot", ""), Code::unauthenticated);
  mcias.deny("alice", "notes");
  EXPECT_EQ(login_code(mcias, "alice", "correct horse"), Code::permission_denied);
}

TEST(FakeMcias, IssuesTokensToSystemAccounts) {
  FakeMcias mcias;
  mcias.add_system("robot");
  const auto caller = ask(mcias, mcias.issue_token("robot").reveal());
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->account_type, auth::AccountType::system);
  EXPECT_TRUE((*caller)->roles.empty());
  EXPECT_THROW((void)mcias.issue_token("nobody"), Exception);
}

TEST(FakeMcias, RevokesATokenByHandByLogoutAndByRenewal) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  const Secret by_hand = mcias.issue_token("alice");
  EXPECT_TRUE(ask(mcias, by_hand.reveal()));
  mcias.revoke(by_hand.reveal());
  EXPECT_EQ(ask(mcias, by_hand.reveal()).error().code(), Code::unauthenticated);

  const Secret logged_out = mcias.issue_token("alice");
  EXPECT_TRUE(auth::Authenticator(mcias.settings()).logout(logged_out.reveal()));
  EXPECT_EQ(ask(mcias, logged_out.reveal()).error().code(), Code::unauthenticated);

  const Secret old = mcias.issue_token("alice");
  const auto renewed = auth::Authenticator(mcias.settings()).renew(old.reveal());
  ASSERT_TRUE(renewed) << renewed.error().to_string();
  EXPECT_TRUE(ask(mcias, renewed->token.reveal()));
  EXPECT_EQ(ask(mcias, old.reveal()).error().code(), Code::unauthenticated);
}

TEST(FakeMcias, LetsTokensExpireByItsClock) {
  ManualClock clock;
  FakeMcias mcias(clock);
  mcias.add_user("alice", "correct horse");
  const Secret token = mcias.issue_token("alice", std::chrono::minutes(1));
  const auth::Authenticator authenticator(mcias.settings(), {.clock = clock});
  EXPECT_TRUE(authenticator.verify(token.reveal()));
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(authenticator.verify(token.reveal()).error().code(), Code::unauthenticated);
}

TEST(FakeMcias, GoesDownAndComesBackOnItsPort) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  const Secret token = mcias.issue_token("alice");
  const std::string url = mcias.url();
  mcias.go_down();
  EXPECT_EQ(ask(mcias, token.reveal()).error().code(), Code::unavailable);
  mcias.come_back();
  EXPECT_EQ(mcias.url(), url);
  EXPECT_TRUE(ask(mcias, token.reveal()));
}

TEST(FakeMcias, CountsItsCalls) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  const auth::Authenticator authenticator(mcias.settings());
  EXPECT_TRUE(authenticator.ping());
  const auto session = authenticator.login({"alice", Secret("correct horse"), std::nullopt});
  ASSERT_TRUE(session);
  EXPECT_TRUE(authenticator.verify(session->token.reveal()));
  EXPECT_TRUE(authenticator.verify(session->token.reveal()));
  const FakeMcias::Calls calls = mcias.calls();
  EXPECT_EQ(calls.health, 1U);
  EXPECT_EQ(calls.login, 1U);
  EXPECT_EQ(calls.validate, 1U) << "the second was answered by the client's cache";
}

}  // namespace
}  // namespace mcdsl::testing
