#include "mcdsl/httpserver/server.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::httpserver {
namespace {

using ::testing::HasSubstr;

// A server on loopback that answers with what it knows of the client.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router_.get("/who", [](const http::Request& request) {
      const http::Peer& peer = request.peer();
      return http::text(peer.address + (peer.secure ? " secure " : " plain ") +
                        std::string(request.header("host").value()));
    });
  }

  static std::string ask(Server& server, testing::HttpClient client, std::string_view fields) {
    server.start();
    const auto response =
        client.exchange("GET /who HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n" + std::string(fields) + "\r\n");
    return response ? response->body : "no answer";
  }

  std::string ask(const config::Server& config, std::string_view fields) {
    Server server(config, router_, capture_.logger(), system_clock(), &registry_);
    return ask(server, testing::HttpClient("127.0.0.1", server.address().port), fields);
  }

  static config::Server behind_proxy(std::vector<std::string> trusted) {
    return {.listen_addr = "127.0.0.1:0", .tls = config::Tls::proxy, .trusted_proxies = std::move(trusted)};
  }

  static constexpr std::string_view kForwarded =
      "X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: notes.example\r\n";

  http::Router router_;
  testing::LogCapture capture_;
  metrics::Registry registry_;
};

TEST_F(ServerTest, BelievesATrustedProxy) {
  EXPECT_EQ(ask(behind_proxy({"127.0.0.0/8"}), kForwarded), "192.0.2.7 secure notes.example");
  EXPECT_TRUE(capture_.contains(" client=192.0.2.7 ")) << capture_.text();
}

TEST_F(ServerTest, BelievesNobodyElse) {
  EXPECT_EQ(ask(behind_proxy({"10.0.0.0/8"}), kForwarded), "127.0.0.1 plain inner");
}

TEST_F(ServerTest, BelievesWhoMayOpenItsUnixSocketInProxyModeOnly) {
  const testing::TempDir folder;
  config::Server config = behind_proxy({"10.0.0.0/8"});
  config.listen_addr = "unix:" + (folder / "proxied.sock").string();
  {
    Server server(config, router_);
    EXPECT_EQ(ask(server, testing::HttpClient((folder / "proxied.sock").string()), kForwarded),
              "192.0.2.7 secure notes.example");
  }
  config.tls = config::Tls::off;
  Server server(config, router_);
  EXPECT_EQ(ask(server, testing::HttpClient((folder / "proxied.sock").string()), kForwarded), "unix plain inner");
}

TEST_F(ServerTest, LetsScriptsOfTheGivenOriginsReadAnswersOfCallsToo) {
  class AnyCall final : public Calls {
   public:
    bool takes(const http::Request& request) const noexcept override { return request.path() == "/rpc"; }
    http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
    http::Response serve(http::Request& /*request*/) const override { return http::text("answered"); }
  };
  const AnyCall calls;
  const config::Server config{
      .listen_addr = "127.0.0.1:0", .tls = config::Tls::off, .cors_origins = {"https://app.example.org"}};
  Server server(config, router_, {}, system_clock(), nullptr, {}, &calls);
  server.start();
  const auto ask = [&](const std::string& line, const std::string& fields) {
    const auto answer = testing::HttpClient("127.0.0.1", server.address().port)
                            .exchange(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n");
    return answer ? answer->headers.get("access-control-allow-origin").value_or("none") == "https://app.example.org"
                  : false;
  };
  const std::string ours = "Origin: https://app.example.org\r\n";
  EXPECT_TRUE(ask("GET /who", ours));
  EXPECT_TRUE(ask("GET /rpc", ours));
  EXPECT_TRUE(ask("OPTIONS /rpc", ours + "Access-Control-Request-Method: POST\r\n"));
  EXPECT_FALSE(ask("GET /rpc", "Origin: https://evil.example\r\n"));
}

TEST_F(ServerTest, RefusesAnOriginThatIsNone) {
  const config::Server config{
      .listen_addr = "127.0.0.1:0", .tls = config::Tls::off, .cors_origins = {"app.example.org"}};
  try {
    const Server server(config, router_);
    FAIL() << "started";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code(), Code::invalid_argument);
    EXPECT_THAT(exception.error().message(), HasSubstr("server.cors_origins: cors: \"app.example.org\""));
  }
}

TEST_F(ServerTest, TakesTheClientFromThePlaceBeforeTheConnection) {
  config::Server config = behind_proxy({"127.0.0.0/8"});
  config.proxy_protocol = true;
  Server server(config, router_);
  testing::HttpClient client("127.0.0.1", server.address().port);
  client.send("PROXY TCP4 203.0.113.9 10.0.0.1 51000 443\r\n");
  EXPECT_EQ(ask(server, std::move(client), kForwarded), "203.0.113.9 secure notes.example");
}

TEST_F(ServerTest, RefusesAProxyThatIsNoAddress) {
  EXPECT_THROW(Server(behind_proxy({"proxy.example"}), router_), Exception);
}

TEST_F(ServerTest, CountsRequests) {
  (void)ask({.listen_addr = "127.0.0.1:0", .tls = config::Tls::off}, "");
  EXPECT_THAT(registry_.expose(), HasSubstr("http_requests_total{code=\"200\",method=\"GET\",route=\"/who\"} 1\n"));
}

TEST_F(ServerTest, NamesATraceThatARequestBrings) {
  (void)ask({.listen_addr = "127.0.0.1:0", .tls = config::Tls::off},
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  EXPECT_TRUE(capture_.contains(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736")) << capture_.text();
}

}  // namespace
}  // namespace mcdsl::httpserver
