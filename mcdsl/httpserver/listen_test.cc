#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "mcdsl/base/error.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::httpserver {
namespace {

using namespace std::chrono_literals;
using testing::HttpClient;

constexpr std::string_view kGet = "GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    renew(24h);
    router_.get("/peer", [](const http::Request& request) {
      return http::text(request.peer().address + (request.peer().secure ? " secure" : " plain"));
    });
  }

  void renew(std::chrono::hours good_for) const {
    const auto certificate = ca_.issue({.not_after = std::chrono::system_clock::now() + good_for});
    dir_.write("cert.pem", certificate.chain);
    dir_.write("key.pem", certificate.key);
  }
  [[nodiscard]] config::Server config(config::Tls tls) const {
    return {.listen_addr = "127.0.0.1:0", .tls = tls, .tls_cert = dir_ / "cert.pem", .tls_key = dir_ / "key.pem"};
  }
  [[nodiscard]] std::string over_tls(const net::Address& address) const {
    return HttpClient(address.host, address.port, testing::TlsOptions{.trusted = ca_.certificate()})
        .exchange(kGet)
        ->body;
  }

  static UniqueFd socket_at(in_addr_t host) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 10), 0);
    return socket;
  }
  static std::vector<UniqueFd> sockets(in_addr_t host) {
    std::vector<UniqueFd> sockets;
    sockets.push_back(socket_at(host));
    return sockets;
  }

  const testing::TempDir dir_;
  const testing::LogCapture log_;
  const testing::CertificateAuthority ca_;
  http::Router router_;
};

TEST_F(HttpServerTest, ServesEveryAddressAndUnixSocketsBesideItInPlain) {
  config::Server config = this->config(config::Tls::on);
  const std::string path = (dir_ / "s").string();
  config.also_listen = {"[::1]:0", "unix:" + path};
  Server server(config, router_, log_.logger());
  server.start();
  ASSERT_EQ(server.addresses().size(), 3U);
  EXPECT_EQ(over_tls(server.addresses()[0]), "127.0.0.1 secure");
  EXPECT_EQ(over_tls(server.addresses()[1]), "::1 secure");
  EXPECT_EQ(HttpClient(path).exchange(kGet)->body, "unix plain");
}

TEST_F(HttpServerTest, ServesGivenSocketsInPlaceOfItsAddresses) {
  config::Server config = this->config(config::Tls::on);
  config.listen_addr = "192.0.2.1:1";  // would fail
  Server server(config, router_, log_.logger(), system_clock(), nullptr, sockets(INADDR_LOOPBACK));
  server.start();
  ASSERT_EQ(server.addresses().size(), 1U);
  EXPECT_EQ(over_tls(server.address()), "127.0.0.1 secure");
}

TEST_F(HttpServerTest, RefusesAGivenSocketThatWouldBePlainOnTheNetwork) {
  try {
    const Server server(config(config::Tls::off), router_, {}, system_clock(), nullptr, sockets(INADDR_ANY));
    FAIL() << "it was taken";
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::failed_precondition);
    EXPECT_TRUE(problem.error().message().contains("reachable from other machines"));
  }
  EXPECT_NO_THROW(Server(config(config::Tls::off), router_, {}, system_clock(), nullptr, sockets(INADDR_LOOPBACK)));
}

TEST_F(HttpServerTest, IsPlainBehindAProxyOnEveryInterface) {
  config::Server config = this->config(config::Tls::proxy);
  config.listen_addr = "0.0.0.0:0";
  config.trusted_proxies = {"127.0.0.1"};
  Server server(config, router_);
  server.start();
  EXPECT_TRUE(server.url().starts_with("http://"));
  EXPECT_EQ(HttpClient("127.0.0.1", server.address().port).exchange(kGet)->status, 200);
  EXPECT_EQ(server.certificate_days_left(), std::nullopt);
}

TEST_F(HttpServerTest, LogsWhatItFindsAndTakesACertificateThatChanges) {
  config::Server config = this->config(config::Tls::on);
  config.public_names = {"localhost", "notes.example.org"};
  const Server server(config, router_, log_.logger());
  EXPECT_TRUE(log_.contains("does not name \\\"notes.example.org\\\"")) << log_.text();
  EXPECT_NEAR(server.certificate_days_left().value(), 1, 0.01);
  renew(48h);
  EXPECT_TRUE(testing::eventually([&] { return server.certificate_days_left().value() > 1.9; }));
}

}  // namespace
}  // namespace mcdsl::httpserver
