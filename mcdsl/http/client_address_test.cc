#include "mcdsl/http/client_address.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// What a handler sees of a request from `peer`, where 10.0.0.0/8 and fd00::/8 are proxies of ours.
Request seen(std::string_view peer, Fields fields, bool trust_unix_peers = false) {
  TrustedProxies proxies{.unix_peers = trust_unix_peers};
  for (const std::string_view block : {"10.0.0.0/8", "fd00::/8"}) {
    proxies.blocks.push_back(*Cidr::parse(block));
  }
  Request request;
  request.start(Method::get, "/");
  request.set_peer({.address = std::string(peer), .port = 40000, .secure = false});
  request.mutable_headers().add("host", "inner:8080");
  for (const auto& [name, value] : fields) {
    request.mutable_headers().add(name, value);
  }
  Request result;
  const Handler handler = client_address(proxies)([&](Request& inner) {
    result = inner;
    return no_content();
  });
  EXPECT_EQ(handler(request).status, 204);
  return result;
}

std::string address_for(std::initializer_list<std::string_view> forwarded_for, std::string_view peer = "10.0.0.1") {
  Request request;
  const TrustedProxies proxies{.blocks = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")}};
  request.set_peer({.address = std::string(peer), .port = 40000, .secure = false});
  for (const std::string_view line : forwarded_for) {
    request.mutable_headers().add("X-Forwarded-For", line);
  }
  (void)client_address(proxies)([](Request&) { return no_content(); })(request);
  return request.peer().address;
}

TEST(ClientAddress, IsTheLastOneThatIsNotAProxyOfOurs) {
  EXPECT_EQ(address_for({"192.0.2.7"}), "192.0.2.7");
  EXPECT_EQ(address_for({"192.0.2.7, 10.0.0.2"}), "192.0.2.7");
  EXPECT_EQ(address_for({"198.51.100.1, 192.0.2.7, 10.0.0.2, fd00::2"}), "192.0.2.7") << "the rest is hearsay";
  EXPECT_EQ(address_for({"2001:DB8:0::1"}), "2001:db8::1");
}

TEST(ClientAddress, IsReadOverAllLinesOfTheField) {
  EXPECT_EQ(address_for({"198.51.100.1", "192.0.2.7, 10.0.0.3", "10.0.0.2"}), "192.0.2.7");
  EXPECT_EQ(address_for({"198.51.100.1", "192.0.2.7,, ", " , ,10.0.0.2", ""}), "192.0.2.7") << "empty ones are nothing";
}

TEST(ClientAddress, IsTheFirstHopWhereAllAreOurs) {
  EXPECT_EQ(address_for({"10.0.0.9, 10.0.0.2"}), "10.0.0.9");
  EXPECT_EQ(address_for({}), "10.0.0.1");
}

TEST(ClientAddress, MayComeWithAPort) {
  EXPECT_EQ(address_for({"192.0.2.7:51000"}), "192.0.2.7");
  EXPECT_EQ(address_for({"[2001:db8::1]:51000"}), "2001:db8::1");
  EXPECT_EQ(address_for({"[2001:db8::1]"}), "2001:db8::1");
}

// Whom a handler sees behind a proxy of ours that named `told` in a PROXY header.
Peer seen_behind(std::string_view told, Fields fields) {
  Request request;
  request.start(Method::get, "/");
  request.set_peer({.address = std::string(told), .port = 51000, .secure = false, .is_proxied = true});
  for (const auto& [name, value] : fields) {
    request.mutable_headers().add(name, value);
  }
  const TrustedProxies proxies{.blocks = {*Cidr::parse("10.0.0.0/8")}};
  (void)client_address(proxies)([](Request&) { return no_content(); })(request);
  return request.peer();
}

TEST(ClientAddress, IsTheOneThatAProxyTellsBeforeTheConnection) {
  EXPECT_EQ(seen_behind("192.0.2.7", {}).address, "192.0.2.7");
  EXPECT_EQ(seen_behind("192.0.2.7", {}).port, 51000);
  EXPECT_EQ(seen_behind("192.0.2.7", {{"x-forwarded-for", "198.51.100.1"}}).address, "192.0.2.7")
      << "what a client says of others is hearsay";
  EXPECT_EQ(seen_behind("10.0.0.2", {{"x-forwarded-for", "198.51.100.1"}}).address, "198.51.100.1")
      << "a proxy of ours behind the proxy";
  EXPECT_TRUE(seen_behind("192.0.2.7", {{"x-forwarded-proto", "https"}}).secure);
}

TEST(ClientAddress, StopsAtWhatCannotBeRead) {
  for (const std::string_view bad :
       {"unknown", "192.0.2.7:", "192.0.2.7:99999", "192.0.2.7:1x", "[192.0.2.7]", "[2001:db8::1", "[2001:db8::1]x",
        "[]", "192.0.2.07", "\"192.0.2.7\"", "fe80::1%1"}) {
    EXPECT_EQ(address_for({bad}), "10.0.0.1") << bad;
    EXPECT_EQ(address_for({std::string("192.0.2.9, ").append(bad).append(", 10.0.0.4")}), "10.0.0.4") << bad;
  }
}

TEST(ClientAddress, IsThePeerWhereThatIsNoProxyOfOurs) {
  EXPECT_EQ(address_for({"192.0.2.7"}, "203.0.113.5"), "203.0.113.5");
  EXPECT_EQ(address_for({"192.0.2.7"}, "2001:db8::5"), "2001:db8::5");
  EXPECT_EQ(address_for({"192.0.2.7"}, "unix"), "unix");
  EXPECT_EQ(address_for({"192.0.2.7"}, ""), "");
}

TEST(ClientAddress, IsBelievedOverAUnixSocketWhereToldTo) {
  EXPECT_EQ(seen("unix", {{"X-Forwarded-For", "192.0.2.7"}}, true).peer().address, "192.0.2.7");
  EXPECT_EQ(seen("unix", {}, true).peer().address, "unix");
}

TEST(ClientAddress, ComesFromXRealIpWhereThereIsNothingElse) {
  EXPECT_EQ(seen("10.0.0.1", {{"X-Real-IP", "192.0.2.7"}}).peer().address, "192.0.2.7");
  EXPECT_EQ(seen("10.0.0.1", {{"X-Real-IP", "192.0.2.7"}, {"X-Forwarded-For", "192.0.2.8"}}).peer().address,
            "192.0.2.8");
  EXPECT_EQ(seen("10.0.0.1", {{"X-Real-IP", "192.0.2.7"}, {"X-Real-IP", "192.0.2.8"}}).peer().address, "10.0.0.1");
  EXPECT_EQ(seen("10.0.0.1", {{"X-Real-IP", "elsewhere"}}).peer().address, "10.0.0.1");
}

TEST(ClientAddress, HasNoPortOnceItIsTold) {
  EXPECT_EQ(seen("10.0.0.1", {{"X-Forwarded-For", "192.0.2.7:9"}}).peer().port, 0);
  EXPECT_EQ(seen("203.0.113.5", {{"X-Forwarded-For", "192.0.2.7:9"}}).peer().port, 40000);
}

TEST(ClientAddress, TellsWhetherEveryHopWasSecure) {
  const auto is_secure = [](Fields fields) { return seen("10.0.0.1", fields).peer().secure; };
  EXPECT_TRUE(is_secure({{"X-Forwarded-Proto", "https"}}));
  EXPECT_TRUE(is_secure({{"X-Forwarded-Proto", "HTTPS, https"}}));
  EXPECT_FALSE(is_secure({{"X-Forwarded-Proto", "https, http"}}));
  EXPECT_FALSE(is_secure({{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Proto", "https"}}));
  EXPECT_FALSE(is_secure({{"X-Forwarded-Proto", "httpsx"}}));
  EXPECT_FALSE(is_secure({{"X-Forwarded-Proto", ""}}));
  EXPECT_FALSE(is_secure({}));
  EXPECT_FALSE(seen("203.0.113.5", {{"X-Forwarded-Proto", "https"}}).peer().secure);
}

TEST(ClientAddress, TakesTheHostThatTheNearestProxyTells) {
  const auto host = [](std::string_view sent) {
    return std::string(seen("10.0.0.1", {{"X-Forwarded-Host", sent}}).header("host").value());
  };
  EXPECT_EQ(host("notes.example.org"), "notes.example.org");
  EXPECT_EQ(host("evil.example, notes.example.org:8443"), "notes.example.org:8443");
  EXPECT_EQ(host("[2001:db8::1]:443"), "[2001:db8::1]:443");
  for (const std::string_view bad : {"", "a b", "a/b", "user@a", "a:b", ":80", "[::1", "a,b/c", "a:80:90"}) {
    EXPECT_EQ(host(bad), "inner:8080") << bad;
  }
  EXPECT_EQ(seen("203.0.113.5", {{"X-Forwarded-Host", "evil.example"}}).header("host"), "inner:8080");
}

TEST(ClientAddress, LeavesNoneOfTheFieldsToAHandler) {
  for (const std::string_view peer : {"10.0.0.1", "203.0.113.5"}) {
    const Request request = seen(peer, {{"X-Forwarded-For", "192.0.2.7"},
                                        {"X-Forwarded-For", "192.0.2.8"},
                                        {"X-Forwarded-Proto", "https"},
                                        {"X-Forwarded-Host", "a"},
                                        {"X-Real-Ip", "192.0.2.7"},
                                        {"Forwarded", "for=192.0.2.7"},
                                        {"X-Other", "stays"}});
    EXPECT_EQ(request.headers().size(), 2U) << peer;
    EXPECT_EQ(request.header("x-other"), "stays") << peer;
  }
}

}  // namespace
}  // namespace mcdsl::http
