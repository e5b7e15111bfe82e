// The proxies of `mcdsl dev` between a client that speaks TLS and a service that is real.
#include "tools/mcdsl/dev/proxy.h"

#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/cidr.h"
#include "mcdsl/http/router.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcdsl/dev/port.h"

namespace mcdsl::tool {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpProxyTest : public ::testing::Test {
 protected:
  HttpProxyTest() {
    router_.get("/headers", [](const http::Request& request) {
      std::string text;
      for (const auto& [name, value] : request.headers()) {
        text.append(name).append("=").append(value).append("\n");
      }
      return http::text(text);
    });
    router_.post("/length",
                 [](const http::Request& request) { return http::text(std::to_string(request.body().size())); },
                 {.max_body_bytes = std::size_t{1} << 22U});
    router_.get("/stream", [] {
      return http::stream("text/plain", [](http::BodyWriter& writer) -> Result<void> {
        for (int i = 0; i < 1000; ++i) {
          if (auto written = writer.write(std::string(1000, 'x')); !written) {
            return written;
          }
        }
        return {};
      });
    });
    router_.get("/none", [] { return http::no_content(); });
    const auto certificate = ca_.issue();
    proxy_ = make_http_proxy({.port = front_.number(),
                              .backend = back_.number(),
                              .certificate = folder_.write("cert.pem", certificate.chain),
                              .key = folder_.write("key.pem", certificate.key)});
  }

  void start_service() {
    server_.listen({.host = "127.0.0.1", .port = back_.number()}, nullptr);
    server_.start();
  }

  [[nodiscard]] testing::HttpClient connect() const {
    return {"127.0.0.1", front_.number(), testing::TlsOptions{.trusted = ca_.certificate()}};
  }

  testing::TempDir folder_;
  testing::CertificateAuthority ca_;
  Port front_ = Port::take(0).value();
  Port back_ = Port::take(0).value();
  http::Router router_;
  net::Server server_{router_, {.loops = 1}};
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(HttpProxyTest, SaysWhoTheClientIsWhateverThatSays) {
  start_service();
  const auto answer = connect().exchange(
      "GET /headers?a=b HTTP/1.1\r\nHost: notes.test\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
      "X-Real-IP: 1.2.3.4\r\nConnection: x-hop\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n");
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->body, Not(HasSubstr("1.2.3.4")));
  EXPECT_THAT(answer->body, Not(HasSubstr("x-hop")));
  for (const std::string_view line : {"host=notes.test\n", "x-forwarded-for=127.0.0.1\n", "x-real-ip=127.0.0.1\n",
                                      "x-forwarded-proto=https\n", "x-forwarded-host=notes.test\n", "x-end=2\n"}) {
    EXPECT_THAT(answer->body, HasSubstr(line));
  }
}

TEST_F(HttpProxyTest, PassesBodiesOfEveryKindBothWays) {
  start_service();
  auto client = connect();
  const std::string large(std::size_t{1} << 20U, 'y');
  EXPECT_EQ(client
                .exchange("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(large.size()) +
                          "\r\n\r\n" + large)
                ->body,
            "1048576");
  EXPECT_EQ(
      client
          .exchange("POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
                    "0\r\n\r\n")
          ->body,
      "5");
  EXPECT_EQ(client.exchange("POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")->body, "0");
  EXPECT_EQ(client.exchange("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")->body.size(), 1'000'000U);
  EXPECT_EQ(client.exchange("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")->status, 204);
  EXPECT_EQ(client.exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")->status, 404);
  ASSERT_TRUE(client.send("HEAD /headers HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(client.receive(true)->status, 200);
  EXPECT_EQ(client.exchange("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")->status, 204) << "the same connection goes on";
}

TEST_F(HttpProxyTest, PassesARefusalOfABodyOn) {
  start_service();
  const std::string large(std::size_t{5} << 20U, 'y');
  const auto answer = connect().exchange(
      "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->status, ::testing::AnyOf(413, 502)) << "502 where the service reset the connection";
}

TEST_F(HttpProxyTest, Answers502WhileNothingListensBehind) {
  auto client = connect();
  EXPECT_EQ(client.exchange("GET /headers HTTP/1.1\r\nHost: a\r\n\r\n")->status, 502);
  start_service();
  EXPECT_EQ(client.exchange("GET /headers HTTP/1.1\r\nHost: a\r\n\r\n")->status, 200);
}

TEST(ProtocolProxy, PutsTheClientsAddressBeforeItsBytesAndPassesThemOn) {
  const Port front = Port::take(0).value();
  const Port back = Port::take(0).value();
  http::Router router;
  router.get("/", [](const http::Request& request) {
    return http::text(request.peer().address + ":" + std::to_string(request.peer().port) +
                      (request.peer().is_proxied ? " by a proxy" : ""));
  });
  net::Server server(router, {.loops = 1, .proxy_protocol_from = {.blocks = {http::Cidr::parse("127.0.0.1").value()}}});
  server.listen({.host = "127.0.0.1", .port = back.number()}, nullptr);
  server.start();
  const auto proxy = make_protocol_proxy({.port = front.number(), .backend = back.number()});
  testing::HttpClient client("127.0.0.1", front.number());
  const auto answer = client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(answer->body, StartsWith("127.0.0.1:"));
  EXPECT_THAT(answer->body, HasSubstr(" by a proxy"));
}

TEST(ProtocolProxy, ClosesWhereNothingListensBehindAndWhenItEnds) {
  const Port front = Port::take(0).value();
  const Port back = Port::take(0).value();
  auto proxy = make_protocol_proxy({.port = front.number(), .backend = back.number()});
  testing::HttpClient refused("127.0.0.1", front.number());
  EXPECT_EQ(refused.receive_until_closed(), "");

  const http::Router router;
  net::Server server(router, {.loops = 1});
  server.listen({.host = "127.0.0.1", .port = back.number()}, nullptr);
  server.start();
  testing::HttpClient open("127.0.0.1", front.number());
  ASSERT_TRUE(open.send("GET"));
  proxy.reset();  // it waits for no client
  EXPECT_EQ(open.receive_until_closed(), "");
}

}  // namespace
}  // namespace mcdsl::tool
