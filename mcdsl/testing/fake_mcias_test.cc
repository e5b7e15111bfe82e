#include "mcdsl/testing/fake_mcias.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/base/file.h"
#include "mcdsl/testing/http_client.h"
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

TEST(FakeMcias, WantsTheSecondFactorWhereThereIsOne) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  mcias.require_totp("alice", "123456");
  const auth::Authenticator authenticator(mcias.settings());
  EXPECT_FALSE(authenticator.login({"alice", Secret("correct horse"), std::nullopt}));
  EXPECT_FALSE(authenticator.login({"alice", Secret("correct horse"), Secret("654321")}));
  EXPECT_TRUE(authenticator.login({"alice", Secret("correct horse"), Secret("123456")}));
}

TEST(FakeMcias, TellsTheRolesOfTheMomentAndForgetsWhoIsRemoved) {
  FakeMcias mcias;
  mcias.add_user("alice", "correct horse");
  const Secret token = mcias.issue_token("alice");
  mcias.set_roles("alice", {"admin"});
  EXPECT_TRUE((*ask(mcias, token.reveal()))->is_admin());
  mcias.remove_user("alice");
  EXPECT_FALSE(ask(mcias, token.reveal()));
  EXPECT_THROW(mcias.set_roles("alice", {}), Exception);
}

class FakeSso : public ::testing::Test {
 protected:
  FakeSso() {
    mcias.add_user("alice", "correct horse");
    mcias.add_sso_client("notes", kRedirect);
    mcias.sso_login_as("alice");
  }

  // The answer of /sso/authorize to a browser that comes with this query.
  [[nodiscard]] http::Response authorize(const std::string& query) const {
    HttpClient client("127.0.0.1",
                      static_cast<std::uint16_t>(std::stoi(mcias.url().substr(mcias.url().rfind(':') + 1))),
                      TlsOptions{.trusted = read_file(mcias.settings().ca_cert).value(), .name = "127.0.0.1"});
    return client.exchange("GET /sso/authorize?" + query + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").value();
  }
  [[nodiscard]] std::string code() const {
    const auto sent_back = authorize(kQuery);
    EXPECT_EQ(sent_back.status, 302);
    const std::string location(sent_back.headers.get("location").value_or(""));
    const std::string start = std::string(kRedirect) + "?code=";
    EXPECT_TRUE(location.starts_with(start)) << location;
    EXPECT_TRUE(location.ends_with("&state=a%2Fb")) << location;
    return location.substr(start.size(), location.find('&') - start.size());
  }
  [[nodiscard]] Code exchange(const std::string& code, const std::string& verifier = kVerifier,
                              const std::string& client = "notes", const std::string& redirect = kRedirect) const {
    const auto session = authenticator.exchange(
        {.code = Secret(code), .code_verifier = Secret(verifier), .client_id = client, .redirect_uri = redirect});
    return session ? Code{} : session.error().code();
  }

  static constexpr const char* kRedirect = "https://notes.example.org/sso/callback";
  // RFC 7636, appendix B.
  static constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static constexpr const char* kQuery =
      "client_id=notes&redirect_uri=https%3A%2F%2Fnotes.example.org%2Fsso%2Fcallback&state=a%2Fb&"
      "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

  ManualClock clock;
  FakeMcias mcias{clock};
  const auth::Authenticator authenticator{mcias.settings("notes"), {.clock = clock}};
};

TEST_F(FakeSso, GivesASessionForACodeOnce) {
  const auto session = authenticator.exchange(
      {.code = Secret(code()), .code_verifier = Secret(kVerifier), .client_id = "notes", .redirect_uri = kRedirect});
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_EQ((*authenticator.verify(session->token.reveal()))->username, "alice");
  const std::string once = code();
  EXPECT_EQ(exchange(once), Code{});
  EXPECT_EQ(exchange(once), Code::unauthenticated);
}

TEST_F(FakeSso, RefusesACodeWithAnotherVerifierClientOrRedirectOrTooLate) {
  EXPECT_EQ(exchange(code(), "another"), Code::unauthenticated);
  EXPECT_EQ(exchange(code(), kVerifier, "others"), Code::unauthenticated);
  EXPECT_EQ(exchange(code(), kVerifier, "notes", "https://evil.example/"), Code::unauthenticated);
  EXPECT_EQ(exchange("invented"), Code::unauthenticated);
  const std::string late = code();
  clock.advance(std::chrono::seconds(60));
  EXPECT_EQ(exchange(late), Code::unauthenticated);
  mcias.deny("alice", "notes");
  EXPECT_EQ(exchange(code()), Code::permission_denied);
}

TEST_F(FakeSso, SendsNobodyAnywhereButToTheRegisteredAddress) {
  EXPECT_EQ(authorize("").status, 400);
  EXPECT_EQ(authorize("client_id=notes&redirect_uri=https%3A%2F%2Fevil.example%2F&state=s").status, 400);
  EXPECT_EQ(authorize(std::string(kQuery) + "&").status, 302);
  EXPECT_EQ(authorize("client_id=notes&redirect_uri=https%3A%2F%2Fnotes.example.org%2Fsso%2Fcallback&state=s").status,
            400)
      << "without PKCE";
  mcias.sso_login_as("");
  EXPECT_EQ(authorize(kQuery).status, 401);
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
