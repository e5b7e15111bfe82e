#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/health/registry.h"
#include "mcdsl/health/rest.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/certificates.h"
#include "tools/mcias-dev/commands.h"
#include "tools/mcias-dev/sso_browser.h"
#include "tools/mcias-dev/test_server.h"

namespace mcias {
namespace {

using namespace std::chrono_literals;
using mcdsl::Code;
using mcdsl::Secret;
using mcdsl::auth::Authenticator;

constexpr std::string_view kPassword = "correct horse";

// The identity server behind TLS, and the library's client of it: the two halves of the contract against each other.
class EndToEnd : public testing::Test {
 protected:
  EndToEnd() {
    const mcdsl::testing::CertificateAuthority authority;
    const auto certificate = authority.issue();
    mcdsl::health::add_routes(mcias_.router, health_);
    server_ = std::make_unique<mcdsl::httpserver::Server>(
        mcdsl::config::Server{.listen_addr = "127.0.0.1:0",
                              .tls_cert = mcias_.folder.write("certs/cert.pem", certificate.chain),
                              .tls_key = mcias_.folder.write("certs/key.pem", certificate.key),
                              .shutdown_timeout = 1s},
        mcias_.router, mcias_.log.logger());
    server_->start();
    settings_ = {.server_url = server_->url(),
                 .ca_cert = mcias_.folder.write("ca.pem", authority.certificate()),
                 .service_name = "notes",
                 .tags = {"lab"}};
    mcias_.add_user("alice", kPassword, {"admin", "user"});
  }

  // A client with an empty cache.
  [[nodiscard]] std::unique_ptr<Authenticator> client() const {
    return std::make_unique<Authenticator>(settings_, Authenticator::Options{.clock = mcias_.clock});
  }
  [[nodiscard]] Code verdict(std::string_view token) const {
    const auto caller = client()->verify(token);
    return caller ? Code{} : caller.error().code();
  }
  [[nodiscard]] mcdsl::Result<mcdsl::auth::Session> login(const std::string& username,
                                                          std::string_view password) const {
    return client()->login({username, Secret(std::string(password)), std::nullopt});
  }

  TestServer mcias_{[](Config& config) {
    add_sso_clients(config);
    config.policy = {{.accounts = {"mallory"}, .services = {"notes"}}};
    config.identity.max_failures_per_username = 3;
  }};
  mcdsl::health::Registry health_;
  std::unique_ptr<mcdsl::httpserver::Server> server_;
  mcdsl::config::Mcias settings_;
};

TEST_F(EndToEnd, AClientLogsInVerifiesRenewsAndLogsOut) {
  const auto session = login("alice", kPassword);
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_EQ(session->expires_at, mcias_.clock.now() + 12h);

  const auto caller = client()->verify(session->token.reveal());
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ((*caller)->username, "alice");
  EXPECT_TRUE((*caller)->is_admin());
  EXPECT_EQ((*caller)->account_type, mcdsl::auth::AccountType::human);

  const auto renewed = client()->renew(session->token.reveal());
  ASSERT_TRUE(renewed) << renewed.error().to_string();
  EXPECT_EQ(verdict(session->token.reveal()), Code::unauthenticated);
  EXPECT_EQ(verdict(renewed->token.reveal()), Code{});

  EXPECT_TRUE(client()->logout(renewed->token.reveal()));
  EXPECT_EQ(verdict(renewed->token.reveal()), Code::unauthenticated);
}

TEST_F(EndToEnd, AClientExchangesACodeOfSingleSignOn) {
  SsoBrowser browser(mcias_.router);
  (void)browser.open();
  const mcdsl::auth::AuthorizationCode code{.code = Secret(redirected(browser.log_in("alice", kPassword))["code"]),
                                            .code_verifier = Secret(std::string(kVerifier)),
                                            .client_id = "notes",
                                            .redirect_uri = std::string(kCallback)};
  const auto session = client()->exchange(code);
  ASSERT_TRUE(session) << session.error().to_string();
  EXPECT_EQ(verdict(session->token.reveal()), Code{});
  EXPECT_EQ(client()->exchange(code).error().code(), Code::unauthenticated);
}

TEST_F(EndToEnd, AClientTellsTheRefusalsApart) {
  mcias_.add_user("mallory", kPassword);
  EXPECT_EQ(login("mallory", kPassword).error().code(), Code::permission_denied);
  EXPECT_EQ(login("mallory", "wrong").error().code(), Code::unauthenticated);
  EXPECT_EQ(login("nobody", kPassword).error().code(), Code::unauthenticated);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(login("alice", "wrong").error().code(), Code::unauthenticated);
  }
  EXPECT_EQ(login("alice", kPassword).error().code(), Code::resource_exhausted);
}

TEST_F(EndToEnd, AClientFindsTheServerHealthyAndThenGone) {
  const auto asking = client();
  EXPECT_TRUE(asking->ping());
  const auto session = login("alice", kPassword);
  ASSERT_TRUE(session);
  server_.reset();
  EXPECT_EQ(asking->ping().error().code(), Code::unavailable);
  EXPECT_EQ(verdict(session->token.reveal()), Code::unavailable) << "no answer is never a refusal";
}

TEST_F(EndToEnd, ATokenOutlivesItsExpiryNowhere) {
  const auto session = login("alice", kPassword);
  ASSERT_TRUE(session);
  mcias_.clock.advance(12h);
  EXPECT_EQ(verdict(session->token.reveal()), Code::unauthenticated);
}

TEST_F(EndToEnd, ACommandInAnotherProcessTakesEffectAtOnce) {
  const auto session = login("alice", kPassword);
  ASSERT_TRUE(session);
  std::ostringstream out;
  const Console console{.out = out, .err = out, .ask_password = {}, .read_line = {}, .clock = mcias_.clock};
  const std::vector<std::string> disable{"disable", "alice"};
  ASSERT_EQ(run_user_command(disable, mcias_.config, console), 0);
  EXPECT_EQ(verdict(session->token.reveal()), Code::unauthenticated);
  EXPECT_EQ(login("alice", kPassword).error().code(), Code::unauthenticated);
}

TEST_F(EndToEnd, ManyClientsAtOnceAllGetTheirSessions) {
  constexpr int kClients = 16;
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back([&] {
        const auto session = login("alice", kPassword);
        served += session && verdict(session->token.reveal()) == Code{} ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(served, kClients);
}

}  // namespace
}  // namespace mcias
