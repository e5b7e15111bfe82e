#include "mcdsl/auth/internal/https_client.h"

#include <cstdlib>
#include <latch>

#include <gtest/gtest.h>

#include "mcdsl/auth/internal/server_for_test.h"
#include "mcdsl/auth/internal/threads_for_test.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::auth::internal {
namespace {

using namespace std::chrono_literals;

class HttpsClientTest : public ::testing::Test {
 protected:
  HttpsClient::Settings settings() const {
    return {.url_setting = "test",
            .url = server_.url(),
            .ca_cert = dir_.write("ca.pem", ca_.certificate()),
            .timeout = 1min,
            .max_connections = 1,
            .logger = {}};
  }
  TestResponse handle(const TestRequest& request) {
    if (request.target == "/slow") {
      is_busy_.count_down();
      may_answer_.wait();
    }
    return {.body = request.method + " " + request.target};
  }

  testing::TempDir dir_;
  testing::CertificateAuthority ca_;
  std::latch is_busy_{1};
  std::latch may_answer_{1};
  TestServer server_{ca_.issue(), [this](const TestRequest& request) { return handle(request); }};
};

constexpr HttpsRequest kGet{.method = "GET", .path = "/fast"};

TEST_F(HttpsClientTest, SaysWhenAllConnectionsAreBusy) {
  HttpsClient client(settings());
  TestThreads occupant(1,
                       [&](int) { EXPECT_TRUE(client.send({.method = "GET", .path = "/slow"}, client.deadline())); });
  is_busy_.wait();
  const auto response = client.send(kGet, std::chrono::steady_clock::now());
  may_answer_.count_down();
  occupant.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::unavailable);
  EXPECT_EQ(response.error().to_string(), "GET " + server_.url() + "/fast: timeout: all 1 connections are busy");
}

TEST_F(HttpsClientTest, WaitsForABusyConnection) {
  HttpsClient client(settings());
  TestThreads occupant(1,
                       [&](int) { EXPECT_TRUE(client.send({.method = "GET", .path = "/slow"}, client.deadline())); });
  is_busy_.wait();
  TestThreads waiting(1, [&](int) { EXPECT_TRUE(client.send(kGet, client.deadline())); });
  waiting.wait_until_all_block();
  may_answer_.count_down();
  waiting.join();
  occupant.join();
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpsClientTest, SendsWhatItIsTold) {
  HttpsClient client(settings());
  for (const auto* method : {"POST", "GET", "POST"}) {
    const auto response = client.send({.method = method, .path = "/x"}, client.deadline());
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body.reveal(), std::string(method) + " /x");
  }
}

TEST_F(HttpsClientTest, LeavesAwayTheSlashAtTheEndOfItsUrl) {
  auto with_slash = settings();
  with_slash.url.append("/");
  HttpsClient client(with_slash);
  const auto response = client.send(kGet, client.deadline());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.reveal(), "GET /fast");
}

TEST_F(HttpsClientTest, TakesAProxyFromNobody) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  HttpsClient client(settings());
  EXPECT_TRUE(client.send(kGet, client.deadline()));
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpsClientTest, ConnectsAnewWhereTheServerDoesNotKeepConnections) {
  const TestServer server(ca_.issue(),
                          [](const TestRequest&) { return TestResponse{.headers = {{"Connection", "close"}}}; });
  auto closing = settings();
  closing.url = server.url();
  HttpsClient client(closing);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client.send(kGet, client.deadline()));
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpsClientTest, TrustsACaFileThatWasReplaced) {
  const testing::CertificateAuthority next("next");
  const TestServer server(next.issue(), [](const TestRequest&) { return TestResponse(); });
  auto renewed = settings();
  renewed.url = server.url();
  HttpsClient client(renewed);
  EXPECT_FALSE(client.send(kGet, client.deadline()));
  dir_.write("ca.pem", next.certificate());
  EXPECT_TRUE(client.send(kGet, client.deadline()));
}

}  // namespace
}  // namespace mcdsl::auth::internal
