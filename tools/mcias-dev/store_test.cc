#include "tools/mcias-dev/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/mcias-dev/test_server.h"

namespace mcias {
namespace {

using namespace std::chrono_literals;
using mcdsl::Code;
using testing::ElementsAre;

TEST(Store, KeepsAnAccountAsItIs) {
  TestServer server;
  const Account added = server.add_user("alice", "correct horse", {"user", "admin"});
  EXPECT_EQ(server.store.find("alice"), added);
  EXPECT_EQ(server.store.find("bob"), std::nullopt);
}

TEST(Store, ListsAccountsByName) {
  TestServer server;
  server.add_system("robot");
  server.add_user("alice", "correct horse");
  std::vector<std::string> names;
  for (const Account& account : server.store.list()) {
    names.push_back(account.username);
  }
  EXPECT_THAT(names, ElementsAre("alice", "robot"));
}

TEST(Store, RefusesASecondAccountOfTheName) {
  TestServer server;
  server.add_user("alice", "correct horse");
  EXPECT_EQ(
      server.store.add({.id = "other", .username = "alice", .roles = {"user"}, .password_hash = "x"}).error().code(),
      Code::already_exists);
}

TEST(Store, NamesTheAccountThatIsNotThere) {
  const TestServer server;
  for (const auto& outcome : {server.store.set_password("nobody", "x"), server.store.set_roles("nobody", {"user"}),
                              server.store.set_disabled("nobody", true)}) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Code::not_found);
    EXPECT_EQ(outcome.error().message(), "there is no account \"nobody\"");
  }
}

TEST(Store, GivesSystemAccountsNeitherPasswordNorRoles) {
  TestServer server;
  server.add_system("robot");
  EXPECT_EQ(server.store.set_password("robot", "x").error().code(), Code::failed_precondition);
  EXPECT_EQ(server.store.set_roles("robot", {"admin"}).error().code(), Code::invalid_argument);
}

TEST(Store, TakesNoTokenForAnAccountThatChangedSinceItWasRead) {
  TestServer server;
  server.add_user("alice", "correct horse");
  const Account read_before = server.store.find("alice").value();
  ASSERT_TRUE(server.store.set_roles("alice", {"guest"}));
  const TokenRecord token{.id = "t", .expires_at = server.clock.now() + 1h};
  EXPECT_EQ(server.store.add_token(read_before, token).error().code(), Code::aborted);
  EXPECT_EQ(server.store.owner_of("t"), std::nullopt);
  EXPECT_TRUE(server.store.add_token(server.store.find("alice").value(), token));
  EXPECT_EQ(server.store.owner_of("t")->username, "alice");
}

TEST(Store, KnowsATokenUntilItExpiresOrIsRevoked) {
  TestServer server;
  server.add_user("alice", "correct horse");
  const Account alice = server.store.find("alice").value();
  ASSERT_TRUE(server.store.add_token(alice, {.id = "short", .expires_at = server.clock.now() + 1h}));
  ASSERT_TRUE(server.store.add_token(alice, {.id = "long", .expires_at = server.clock.now() + 2h}));
  server.clock.advance(1h);
  EXPECT_EQ(server.store.owner_of("short"), std::nullopt);
  EXPECT_TRUE(server.store.owner_of("long"));
  EXPECT_TRUE(server.store.revoke("long").value());
  EXPECT_FALSE(server.store.revoke("long").value());
  EXPECT_EQ(server.store.owner_of("long"), std::nullopt);
}

TEST(Store, DropsExpiredTokensWhenItTakesNewOnes) {
  TestServer server;
  server.add_user("alice", "correct horse");
  const Account alice = server.store.find("alice").value();
  ASSERT_TRUE(server.store.add_token(alice, {.id = "old", .expires_at = server.clock.now() + 1h}));
  server.clock.advance(1h);
  ASSERT_TRUE(server.store.add_token(alice, {.id = "new", .expires_at = server.clock.now() + 1h}));
  EXPECT_FALSE(server.store.revoke("old").value()) << "there is nothing left to revoke";
}

TEST(Store, ReplacesALiveTokenOnly) {
  TestServer server;
  server.add_user("alice", "correct horse");
  const Account alice = server.store.find("alice").value();
  const auto end = server.clock.now() + 1h;
  ASSERT_TRUE(server.store.add_token(alice, {.id = "first", .expires_at = end}));
  EXPECT_TRUE(server.store.replace_token("first", {.id = "second", .expires_at = end}).value());
  EXPECT_EQ(server.store.owner_of("first"), std::nullopt);
  EXPECT_EQ(server.store.owner_of("second")->username, "alice");
  EXPECT_FALSE(server.store.replace_token("first", {.id = "third", .expires_at = end}).value());
  EXPECT_EQ(server.store.owner_of("third"), std::nullopt);
}

}  // namespace
}  // namespace mcias
