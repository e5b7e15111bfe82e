#include "mcdsl/web/internal/return_to.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::web::internal {
namespace {

// Each is refused: a browser, a proxy or a careless parser could take it for another origin or for something else than
// a path. tests/browser tries the same in Chromium.
const std::vector<std::string> kForeign{
    "",
    "e",
    "@e",
    "?e",
    "#e",
    ".",
    "..",
    "./e",
    "../e",
    "//e",
    "///e",
    "////e",
    "//e/%2f..",
    "//e@f",
    "/\\e",
    "\\/e",
    "\\\\e",
    "\\e",
    "/\\/e",
    "/e\\f",
    "/ /e",
    " /e",
    " //e",
    "/e ",
    "\t/e",
    "\t//e",
    "/\t/e",
    "/\n/e",
    "/\r/e",
    "\n//e",
    "/e\r\nset-cookie: a=b",
    "/e\nf",
    std::string("/e\0f", 4),
    "/e\x7f",
    "/%09/e",
    "/%0a/e",
    "/%0d%0aset-cookie:a=b",
    "/%00e",
    "/%2fe",
    "/%2Fe",
    "/%5ce",
    "/%5Ce",
    "/%5c%5ce",
    "/%252fe",
    "/%2",
    "/%",
    "/%zz",
    "/.//e",
    "/..//e",
    "/../e",
    "/./e",
    "/a/../..//e",
    "/a/..",
    "/%2e%2e//e",
    "/%2E./e",
    "/.%2e/e",
    "/a//e",
    "/a/b//",
    "https:e",
    "https:/e",
    "https://e",
    "https:\\\\e",
    "HTTPS://e",
    "http://e",
    "ftp://e",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "/javascript:alert(1)//\\",
    "data:text/html,e",
    "vbscript:e",
    "mailto:e@f",
    "user@e",
    "\uff0f\uff0fe",  // fullwidth slashes
    "/\uff0fe",       // one after a real one
    "/\u2044e",       // fraction slash
    "\u3002e",        // ideographic full stop
    "//e\u3002f",     // as a dot of a host
    "/\u202ee",       // right-to-left override
    "\ufeff//e",      // byte order mark
    "/\300\257e",     // an overlong slash
    "/" + std::string(3000, 'a'),
};

TEST(ReturnTo, LeavesTheOriginInNoForm) {
  EXPECT_GE(kForeign.size(), 60U);
  for (const std::string_view text : kForeign) {
    EXPECT_FALSE(is_own_path(text)) << text;
    EXPECT_EQ(safe_return_to(text), "/") << text;
  }
}

TEST(ReturnTo, IsWhatWasAskedForWhereItIsOurs) {
  for (const std::string_view text :
       {"/", "/documents", "/documents/", "/documents/a-b_c.d~e", "/documents?q=a%20b&page=2", "/documents?next=//e",
        "/documents?u=https://e/", "/a#part", "/%C3%BC", "/@alice", "/a:b", "/a%20b", "/...", "/.well-known/x",
        "/loginx", "/ssox"}) {
    EXPECT_EQ(safe_return_to(text), text);
  }
}

TEST(ReturnTo, IsNoPageOfTheLoginItself) {
  for (const std::string_view text : {"/login", "/login?return_to=/a", "/logout", "/logged-out", "/sso",
                                      "/sso/redirect", "/sso/callback?code=a", "/login#a"}) {
    EXPECT_EQ(safe_return_to(text), "/") << text;
  }
}

TEST(ReturnTo, CountsAsMissingWhereItIsDoubled) {
  EXPECT_EQ(return_to_of_query("return_to=%2Fa"), "/a");
  EXPECT_EQ(return_to_of_query("x=1&return_to=%2Fa%3Fq%3D1"), "/a?q=1");
  EXPECT_EQ(return_to_of_query("return_to=%2Fa&return_to=%2F%2Fe"), "/");
  EXPECT_EQ(return_to_of_query("return_to=%2Fa&return_to=%2Fa"), "/");
  EXPECT_EQ(return_to_of_query("return_to=%2F%2Fe"), "/");
  EXPECT_EQ(return_to_of_query("return_to=%2F%5Ce"), "/");
  EXPECT_EQ(return_to_of_query("return_to=%zz"), "/");
  EXPECT_EQ(return_to_of_query(""), "/");
}

http::Request request(http::Method method, std::string_view target) {
  http::Request made;
  made.start(method, target);
  return made;
}

TEST(ReturnTo, IsThePageThatWasAskedForOrFromWhichItWas) {
  const auto own = csrf::Origin::parse("https://notes.example.org").value();
  EXPECT_EQ(return_to_of(request(http::Method::get, "/a?q=1"), own), "/a?q=1");
  EXPECT_EQ(return_to_of(request(http::Method::post, "/a/delete"), own), "/") << "nobody wants to return to a POST";
  auto part = request(http::Method::get, "/part");
  part.mutable_headers().set("hx-current-url", "https://notes.example.org/list?page=2");
  EXPECT_EQ(return_to_of(part, own), "/list?page=2");
  part.mutable_headers().set("hx-current-url", "https://notes.example.org.evil.example/list");
  EXPECT_EQ(return_to_of(part, own), "/");
  part.mutable_headers().set("hx-current-url", "https://evil.example/list");
  EXPECT_EQ(return_to_of(part, own), "/part");
}

}  // namespace
}  // namespace mcdsl::web::internal
