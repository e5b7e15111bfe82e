#include "mcdsl/http/media_type.h"

#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

TEST(ContentTypeOf, GoesByTheEndingOfTheName) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a/b.c/app.min.JS"), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("logo.svg"), "image/svg+xml");
  EXPECT_EQ(content_type_of("archive.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type_of("font.woff2"), "font/woff2");
}

TEST(ContentTypeOf, ClaimsNothingOfWhatItDoesNotKnow) {
  for (const std::string_view name : {"", "README", "html", "a.html/b", "x.", "x.exe", "x.html5", "x.ht"}) {
    EXPECT_EQ(content_type_of(name), "application/octet-stream") << name;
  }
}

TEST(IsTextLike, KnowsWhatPacksWell) {
  for (const std::string_view type : {"text/html", "TEXT/plain", "application/json", "application/problem+json",
                                      "image/svg+xml", "application/xml", "application/wasm"}) {
    EXPECT_TRUE(is_text_like(type)) << type;
  }
  for (const std::string_view type : {"", "text", "image/png", "application/zip", "application/octet-stream",
                                      "application/jsonp", "video/mp4", "font/woff2"}) {
    EXPECT_FALSE(is_text_like(type)) << type;
  }
}

}  // namespace
}  // namespace mcdsl::http
