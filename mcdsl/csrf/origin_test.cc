#include "mcdsl/csrf/origin.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::csrf {
namespace {

TEST(Origin, IsWrittenAsBrowsersWriteIt) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"https://notes.example.org", "https://notes.example.org"},
      {"https://Notes.Example.ORG/", "https://notes.example.org"},
      {"HTTPS://notes.example.org:443", "https://notes.example.org"},
      {"https://notes.example.org:8443", "https://notes.example.org:8443"},
      {"https://notes.example.org:80", "https://notes.example.org:80"},
      {"http://localhost:80/", "http://localhost"},
      {"http://127.0.0.1:443", "http://127.0.0.1:443"},
      {"https://[::1]:443/", "https://[::1]"},
      {"https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"},
      {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
  };
  for (const auto& [url, origin] : table) {
    const auto parsed = Origin::parse(url);
    ASSERT_TRUE(parsed) << url << ": " << parsed.error().message();
    EXPECT_EQ(parsed->text(), origin);
  }
}

TEST(Origin, IsRefusedWhereItIsMoreOrLessThanOne) {
  for (const std::string url : {"",
                                "notes.example.org",
                                "ftp://notes.example.org",
                                "https://",
                                "https:///",
                                "https://a/b",
                                "https://a/?q",
                                "https://a#f",
                                "https://a?q",
                                "https://user@a",
                                "https://a:0",
                                "https://a:65536",
                                "https://a:",
                                "https://a:b",
                                "https://a b",
                                "https://b\u00fccher.example",
                                "https://.a",
                                "https://a..b",
                                "https://[::1",
                                "https://[]",
                                "https://[::1]x",
                                "https://a\\b",
                                "https://a//"}) {
    EXPECT_FALSE(Origin::parse(url)) << url;
  }
}

TEST(Origin, KnowsItsParts) {
  EXPECT_EQ(Origin::parse("https://notes.example.org:8443")->host(), "notes.example.org");
  EXPECT_EQ(Origin::parse("https://[::1]:8443")->host(), "[::1]");
  EXPECT_TRUE(Origin::parse("https://a")->is_https());
  EXPECT_FALSE(Origin::parse("http://a")->is_https());
  for (const std::string url :
       {"http://localhost:1", "http://notes.localhost", "http://127.0.0.1", "http://127.1.2.3", "http://[::1]:80"}) {
    EXPECT_TRUE(Origin::parse(url)->is_loopback()) << url;
  }
  for (const std::string url : {"http://notlocalhost", "http://localhost.example.org", "http://127.example.org",
                                "http://10.0.0.1", "http://[::2]"}) {
    EXPECT_FALSE(Origin::parse(url)->is_loopback()) << url;
  }
}

TEST(CheckSource, AllowsOurOwnPagesAndWhoSendsNothing) {
  const Origin own = Origin::parse("https://notes.example.org").value();
  EXPECT_TRUE(check_source(own, {}));
  EXPECT_TRUE(check_source(own, {.sec_fetch_site = "same-origin", .origin = "https://notes.example.org"}));
  EXPECT_TRUE(check_source(own, {.sec_fetch_site = "same-origin"}));
  EXPECT_TRUE(check_source(own, {.sec_fetch_site = "none"}));
  EXPECT_TRUE(check_source(own, {.origin = "https://notes.example.org"}));
}

TEST(CheckSource, RefusesEveryOtherSite) {
  const Origin own = Origin::parse("https://notes.example.org").value();
  for (const std::string site : {"cross-site", "same-site", "Same-Origin", "", "same-origin, none", "unknown"}) {
    EXPECT_FALSE(check_source(own, {.sec_fetch_site = site, .origin = "https://notes.example.org"})) << site;
  }
  for (const std::string origin :
       {"null", "", "https://evil.example", "http://notes.example.org", "https://notes.example.org:8443",
        "https://notes.example.org.evil.example", "https://evil.notes.example.org", "https://notes.example.org/",
        "HTTPS://notes.example.org", "https://notes.example.org https://evil.example", "file://"}) {
    EXPECT_FALSE(check_source(own, {.origin = origin})) << origin;
    EXPECT_FALSE(check_source(own, {.sec_fetch_site = "same-origin", .origin = origin})) << origin;
  }
}

TEST(CheckSource, SaysToTheLogWhatCameInASafeForm) {
  const Origin own = Origin::parse("https://notes.example.org").value();
  const auto refused = check_source(own, {.origin = "https://e\nvil"});
  EXPECT_EQ(refused.error().message(), R"(csrf: Origin is "https://e\x0avil" and not "https://notes.example.org")");
  EXPECT_EQ(refused.error().code(), Code::permission_denied);
}

}  // namespace
}  // namespace mcdsl::csrf
