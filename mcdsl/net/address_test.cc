#include "mcdsl/net/address.h"

#include <gtest/gtest.h>

namespace mcdsl::net {
namespace {

TEST(Address, ReadsEveryFormAndWritesItBack) {
  for (const std::string_view text :
       {"127.0.0.1:8443", "[::1]:8443", "localhost:0", ":65535", "notes.test:1", "unix:/run/notes.sock"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(Address, TakesHostAndPortApart) {
  const auto v6 = parse_address("[2001:db8::1]:443");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 443);
  EXPECT_FALSE(v6->is_unix());
  const auto every = parse_address(":80");
  ASSERT_TRUE(every);
  EXPECT_EQ(every->host, "");
  const auto unix_socket = parse_address("unix:a b:c");
  ASSERT_TRUE(unix_socket);
  EXPECT_EQ(unix_socket->unix_path, "a b:c");
}

TEST(Address, SaysWhatIsWrong) {
  struct Case {
    std::string text;
    std::string_view why;
  };
  for (const Case& each : {
           Case{"", "no port"},
           Case{"localhost", "no port"},
           Case{"localhost:", "number from 0 to 65535"},
           Case{"localhost:65536", "number from 0 to 65535"},
           Case{"localhost:-1", "number from 0 to 65535"},
           Case{"localhost:+1", "number from 0 to 65535"},
           Case{"localhost:80x", "number from 0 to 65535"},
           Case{"localhost: 80", "number from 0 to 65535"},
           Case{"::1:80", "in brackets"},
           Case{"[]:80", "only an IPv6 address"},
           Case{"[localhost]:80", "only an IPv6 address"},
           Case{"unix:", "1 to 107 bytes"},
           Case{"unix:" + std::string(108, 'a'), "1 to 107 bytes"},
       }) {
    const auto address = parse_address(each.text);
    ASSERT_FALSE(address) << each.text;
    EXPECT_EQ(address.error().code(), Code::invalid_argument);
    EXPECT_TRUE(address.error().message().contains(each.why)) << address.error().message();
  }
}

TEST(Address, KnowsWhatOnlyThisMachineReaches) {
  for (const std::string_view near : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/s"}) {
    EXPECT_TRUE(parse_address(near)->is_loopback()) << near;
  }
  for (const std::string_view far :
       {":1", "0.0.0.0:1", "[::]:1", "192.0.2.1:1", "127.evil.test:1", "127.1:1", "localhost.evil.test:1"}) {
    EXPECT_FALSE(parse_address(far)->is_loopback()) << far;
  }
}

TEST(Address, IsReachedAtLocalhostWhereItIsEveryInterface) {
  for (const std::string_view everywhere : {":8443", "0.0.0.0:8443", "[::]:8443"}) {
    EXPECT_EQ(parse_address(everywhere)->reachable().to_string(), "localhost:8443") << everywhere;
  }
  EXPECT_EQ(parse_address("192.0.2.7:8443")->reachable().to_string(), "192.0.2.7:8443");
  EXPECT_EQ(parse_address("unix:/run/notes.sock")->reachable().to_string(), "unix:/run/notes.sock");
}

}  // namespace
}  // namespace mcdsl::net
