// Connections that begin with a PROXY header, over real sockets.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using ::testing::HasSubstr;

class ProxyProtocol : public ServerTest {
 protected:
  // Trusts this machine, or another one.
  static ServerOptions trusting(std::string_view block = "127.0.0.0/8") {
    return {.proxy_protocol_from = {.blocks = {*http::Cidr::parse(block)}}};
  }

  ProxyProtocol() {
    application_.handlers["/peer"] = [](http::Request& request) {
      const http::Peer& peer = request.peer();
      return http::text(peer.address + " " + std::to_string(peer.port) + (peer.secure ? " secure" : " plain") +
                        (peer.is_proxied ? " proxied" : ""));
    };
  }

  // What the handler sees of a connection that begins so; empty where there is no answer.
  [[nodiscard]] std::string peer_after(std::string_view header) const {
    auto client = connect();
    client.send(std::string(header) + get("/peer"));
    const auto answer = client.receive();
    return answer ? answer->body : "";
  }
};

// haproxy's proxy-protocol.txt §2.2: signature, version and command, family, length, what is in it.
std::string v2(char command, char family, std::string_view rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += {command, family, static_cast<char>(rest.size() >> 8U), static_cast<char>(rest.size() & 0xFFU)};
  return header.append(rest);
}

std::string v2_of_192_0_2_7() {
  return v2('\x21', '\x11', std::string_view("\xC0\x00\x02\x07\x0A\x00\x00\x01\xC7\x38\x01\xBB", 12));
}

TEST_F(ProxyProtocol, NamesTheClientOfEachRequest) {
  start(trusting());
  auto client = connect();
  client.send("PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\r\n" + get("/peer") + get("/peer"));
  EXPECT_EQ(client.receive()->body, "192.0.2.7 51000 plain proxied");
  EXPECT_EQ(client.receive()->body, "192.0.2.7 51000 plain proxied");
  EXPECT_EQ(peer_after("PROXY TCP6 2001:db8::7 ::1 51000 443\r\n"), "2001:db8::7 51000 plain proxied");
  EXPECT_EQ(peer_after(v2_of_192_0_2_7()), "192.0.2.7 51000 plain proxied");
}

TEST_F(ProxyProtocol, StandsBeforeTls) {
  start_tls(trusting());
  testing::HttpClient client("127.0.0.1", address_.port,
                             testing::TlsOptions{.trusted = ca_.certificate(), .before = v2_of_192_0_2_7()});
  client.send(get("/peer"));
  EXPECT_EQ(client.receive()->body, "192.0.2.7 51000 secure proxied");
}

TEST_F(ProxyProtocol, MayComeInPieces) {
  start(trusting());
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\r\n"), v2_of_192_0_2_7()}) {
    auto client = connect();
    for (const char byte : header) {
      client.send(std::string_view(&byte, 1));
    }
    client.send(get("/peer"));
    EXPECT_EQ(client.receive()->body, "192.0.2.7 51000 plain proxied");
  }
}

TEST_F(ProxyProtocol, LeavesTheConnectionsOfTheProxyItselfAsTheyAre) {
  start(trusting());
  EXPECT_THAT(peer_after("PROXY UNKNOWN\r\n"), ::testing::MatchesRegex("127.0.0.1 [0-9]+ plain"));
  EXPECT_THAT(peer_after(v2('\x20', '\x00', "")), ::testing::MatchesRegex("127.0.0.1 [0-9]+ plain"));
}

TEST_F(ProxyProtocol, EndsAConnectionWithoutAValidHeader) {
  start(trusting());
  const std::vector<std::string> headers{"",
                                         "PROXY TCP4 192.0.2.7 10.0.0.1 51000\r\n",
                                         "PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\n",
                                         "proxy TCP4 192.0.2.7 10.0.0.1 51000 443\r\n",
                                         v2('\x31', '\x11', std::string(12, 'x')),
                                         v2('\x21', '\x11', "short")};
  for (const std::string& header : headers) {
    EXPECT_EQ(peer_after(header), "") << header;
  }
  EXPECT_EQ(server_->stats().requests, 0U);
  EXPECT_THAT(log_.text(), HasSubstr("no valid PROXY header from 127.0.0.1"));
}

TEST_F(ProxyProtocol, IsBelievedOfNobodyElse) {
  start(trusting("192.0.2.0/24"));
  EXPECT_THAT(peer_after(""), ::testing::MatchesRegex("127.0.0.1 [0-9]+ plain"));
  auto client = connect();
  client.send("PROXY TCP4 192.0.2.7 10.0.0.1 51000 443\r\n" + get("/peer"));
  EXPECT_EQ(client.receive()->status, 400);
}

TEST_F(ProxyProtocol, HasTheTimeOfAHeadToArrive) {
  auto options = trusting();
  options.header_timeout = std::chrono::seconds(10);
  start(options, clock_);
  auto client = connect();
  client.send("PROXY TCP4 192.0.2.7");
  ASSERT_TRUE(testing::eventually([&] { return server_->stats().open == 1; }));
  const RunningClock running(clock_);
  EXPECT_EQ(client.receive_until_closed(), "");
}

}  // namespace
}  // namespace mcdsl::net
