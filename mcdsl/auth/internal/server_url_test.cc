#include "mcdsl/auth/internal/server_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::auth::internal {
namespace {

using ::testing::Not;
using ::testing::StartsWith;

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(parse_server_url("setting", text));
  } catch (const Exception& error) {
    EXPECT_EQ(error.error().code(), Code::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(ServerUrl, TakesAUrlApart) {
  struct Case {
    std::string text;
    std::string host;
    std::string port;
    std::string authority;
    std::string path;
  };
  for (const Case& expected : {
           Case{"https://mcias.example.org", "mcias.example.org", "443", "mcias.example.org", ""},
           Case{"HTTPS://mcias_1.test:8443/", "mcias_1.test", "8443", "mcias_1.test:8443", ""},
           Case{"https://localhost:443/a/b%20c//", "localhost", "443", "localhost", "/a/b%20c"},
           Case{"https://127.0.0.1:1", "127.0.0.1", "1", "127.0.0.1:1", ""},
           Case{"https://[2001:db8::1]", "2001:db8::1", "443", "[2001:db8::1]", ""},
           Case{"https://[::1]:65535/x@y", "::1", "65535", "[::1]:65535", "/x@y"},
       }) {
    SCOPED_TRACE(expected.text);
    const ServerUrl url = parse_server_url("setting", expected.text);
    EXPECT_EQ(url.host, expected.host);
    EXPECT_EQ(url.port, expected.port);
    EXPECT_EQ(url.authority, expected.authority);
    EXPECT_EQ(url.path, expected.path);
  }
}

TEST(ServerUrl, KeepsItsTextWithoutTheSlashAtItsEnd) {
  EXPECT_EQ(parse_server_url("setting", "https://a.test:1/b/").text, "https://a.test:1/b");
}

TEST(ServerUrl, TellsAddressesFromNames) {
  EXPECT_TRUE(parse_server_url("setting", "https://10.0.0.1").is_address());
  EXPECT_TRUE(parse_server_url("setting", "https://[::1]").is_address());
  EXPECT_FALSE(parse_server_url("setting", "https://10.0.0.1.test").is_address());
  EXPECT_EQ(parse_server_url("setting", "https://a.test.").tls_name(), "a.test");
}

TEST(ServerUrl, RefusesWhatIsNoUrl) {
  for (const std::string text : {"https://",
                                 "https:///x",
                                 "https://:8443",
                                 "https://a b",
                                 "https://a.test:",
                                 "https://a.test:0",
                                 "https://a.test:65536",
                                 "https://a.test:+1",
                                 "https://a.test:1x",
                                 "https://[::1",
                                 "https://[::1]x",
                                 "https://[1.2.3.4]",
                                 "https://[::1%25eth0]",
                                 "https://::1",
                                 "https://a%2etest",
                                 "https://b\xC3\xBC.test",
                                 "https://a.test/x y",
                                 "https://a.test/\r\nX: y",
                                 "https://a.test/\"",
                                 "https://a\\b"}) {
    EXPECT_THAT(refusal(text), StartsWith("setting: is not a URL: ")) << text;
  }
  EXPECT_EQ(refusal(""), "setting: is not set");
}

TEST(ServerUrl, RefusesEverySchemeButHttps) {
  for (const std::string text : {"http://a.test", "a.test", "a.test:443", "https:/a.test", "httpss://a.test", "h"}) {
    EXPECT_THAT(refusal(text), StartsWith("setting: must be an https:// URL")) << text;
  }
}

TEST(ServerUrl, RefusesAUserWithoutQuotingThePassword) {
  for (const std::string text :
       {"https://u:canary@a.test", "https://canary@a.test/x", "https://a.test?canary", "https://a.test/#canary"}) {
    EXPECT_THAT(refusal(text), StartsWith("setting: must hold no user")) << text;
    EXPECT_THAT(refusal(text), Not(::testing::HasSubstr("canary")));
  }
}

}  // namespace
}  // namespace mcdsl::auth::internal
