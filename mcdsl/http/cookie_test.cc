#include "mcdsl/http/cookie.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

using std::chrono::seconds;

Headers cookies(const std::vector<std::string_view>& fields) {
  Headers headers;
  for (const std::string_view field : fields) {
    headers.add("cookie", field);
  }
  return headers;
}

TEST(FindCookie, ReadsOneOfSeveralInOneFieldOrInMany) {
  for (const Headers& headers : {cookies({"a=1; session=s3cr3t==; b="}), cookies({"a=1", "session=s3cr3t==", "b="}),
                                 cookies({"a=1;session=s3cr3t==;b="})}) {
    EXPECT_EQ(find_cookie(headers, "session"), "s3cr3t==");
    EXPECT_EQ(find_cookie(headers, "a"), "1");
    EXPECT_EQ(find_cookie(headers, "b"), "");
    EXPECT_EQ(find_cookie(headers, "Session"), std::nullopt) << "names have case";
    EXPECT_EQ(find_cookie(headers, "sessio"), std::nullopt);
  }
  EXPECT_EQ(find_cookie(Headers(), "a"), std::nullopt);
}

TEST(FindCookie, SkipsWhatIsNoCookieAndReadsOn) {
  const Headers headers =
      cookies({"junk; =x; ;; {\"a\": 1}=2; a=b c; b=\"quoted\"; c=\"half; d=back\\slash; e=\xC3\xBC; ok=1"});
  EXPECT_EQ(find_cookie(headers, "ok"), "1");
  EXPECT_EQ(find_cookie(headers, "b"), "\"quoted\"");
  for (const std::string_view name : {"junk", "a", "c", "d", "e"}) {
    EXPECT_EQ(find_cookie(headers, name), std::nullopt) << name;
  }
}

TEST(FindCookie, TakesTheFirstOfTwoAndNoneOfTwoThatOnlyOneHostCanSet) {
  EXPECT_EQ(find_cookie(cookies({"a=longest-path; a=other"}), "a"), "longest-path");
  EXPECT_EQ(find_cookie(cookies({"__Host-s=mine"}), "__Host-s"), "mine");
  EXPECT_EQ(find_cookie(cookies({"__Host-s=mine; __Host-s=planted"}), "__Host-s"), std::nullopt);
  EXPECT_EQ(find_cookie(cookies({"__Host-s=mine", "__Host-s=mine"}), "__Host-s"), std::nullopt);
  EXPECT_EQ(find_cookie(cookies({"__Host-s=mine; __Host-s=mal formed"}), "__Host-s"), std::nullopt);
  EXPECT_EQ(find_cookie(cookies({"__HOST-s=mine; __HOST-s=planted"}), "__HOST-s"), std::nullopt)
      << "browsers know the prefix in any case";
  EXPECT_EQ(find_cookie(cookies({"a=mal formed; a=good"}), "a"), std::nullopt) << "the first is not passed over";
}

TEST(SetCookie, IsClosedFromTheStart) {
  EXPECT_EQ(format_cookie({.name = "__Host-notes_session", .value = "abc"}),
            "__Host-notes_session=abc; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(format_cookie({.name = "theme",
                           .value = "dark",
                           .path = "/ui",
                           .max_age = seconds(3600),
                           .http_only = false,
                           .secure = false,
                           .same_site = SameSite::lax}),
            "theme=dark; Path=/ui; Max-Age=3600; SameSite=Lax");
  EXPECT_EQ(format_cookie({.name = "embed", .same_site = SameSite::none}),
            "embed=; Path=/; Secure; HttpOnly; SameSite=None");
}

TEST(SetCookie, StandsBesideOthersAndExpires) {
  Response response = text("hello");
  set_cookie(response, {.name = "a", .value = "1"});
  expire_cookie(response, {.name = "__Host-b", .value = "secret"});
  ASSERT_EQ(response.headers.count("set-cookie"), 2U);
  EXPECT_EQ(response.headers[response.headers.size() - 1].value,
            "__Host-b=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
}

TEST(SetCookie, RefusesWhatABrowserWouldNotTakeAsItIsMeant) {
  struct Case {
    Cookie cookie;
    std::string_view says;
  };
  for (const auto& [cookie, says] :
       std::vector<Case>{{{.name = ""}, "not a token"},
                         {{.name = "a b"}, "not a token"},
                         {{.name = "a", .value = "canary b"}, "holds a character"},
                         {{.name = "a", .value = "canary;Domain=example.org"}, "holds a character"},
                         {{.name = "a", .value = "canary\r\nx: y"}, "holds a character"},
                         {{.name = "a", .value = "canary,\""}, "holds a character"},
                         {{.name = "a", .value = "canary\x7F"}, "holds a character"},
                         {{.name = "a", .value = "canary\xC3\xBC"}, "holds a character"},
                         {{.name = "a", .value = std::string(4096, 'x')}, "4096 bytes"},
                         {{.name = "a", .path = ""}, "path"},
                         {{.name = "a", .path = "ui"}, "path"},
                         {{.name = "a", .path = "/;Domain=example.org"}, "path"},
                         {{.name = "a", .path = "/\n"}, "path"},
                         {{.name = "a", .path = "/" + std::string(1024, 'x')}, "path"},
                         {{.name = "a", .max_age = seconds(-1)}, "negative"},
                         {{.name = "__Secure-a", .secure = false}, "__Secure- needs"},
                         {{.name = "__Host-a", .secure = false}, "__Host- needs"},
                         {{.name = "__Host-a", .path = "/ui"}, "__Host- needs"},
                         {{.name = "__host-a", .path = "/ui"}, "__Host- needs"},
                         {{.name = "a", .secure = false, .same_site = SameSite::none}, "SameSite=None needs"}}) {
    try {
      (void)format_cookie(cookie);
      ADD_FAILURE() << "taken: " << says;
    } catch (const Exception& refusal) {
      EXPECT_EQ(refusal.error().code(), Code::invalid_argument);
      EXPECT_TRUE(refusal.error().message().contains(says)) << refusal.what();
      EXPECT_FALSE(refusal.error().message().contains("canary")) << "a value may be a secret";
    }
  }
}

}  // namespace
}  // namespace mcdsl::http
