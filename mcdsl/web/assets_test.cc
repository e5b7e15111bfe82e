#include "mcdsl/web/assets.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/http/router.h"
#include "mcdsl/web/templates.h"

namespace mcdsl::web {
namespace {

constexpr AssetFile kFiles[] = {
    {"app.css", "app.0011.css", "text/css; charset=utf-8", "plain bytes", "gzip", "zstd"},
    {"icons/logo.png", "icons/logo.2233.png", "image/png", "png", "", ""},
};
constexpr AssetFile kNewer[] = {{"app.css", "app.4455.css", "text/css; charset=utf-8", "newer", "", ""}};

// The answer of a router with these assets in it.
http::Response get(std::string_view path, std::initializer_list<http::Headers::Field> fields = {},
                   http::Method method = http::Method::get) {
  const Assets assets{AssetSource(kFiles)};
  http::Router router;
  assets.add_routes(router);
  http::Request request;
  request.start(method, path);
  for (const auto& [name, value] : fields) {
    request.mutable_headers().add(name, value);
  }
  router.plan(request);
  return router.serve(request);
}

TEST(Assets, AreKnownByTheirNames) {
  const Assets assets{AssetSource(kFiles)};
  EXPECT_EQ(assets.url("app.css"), "/static/app.0011.css");
  EXPECT_EQ(assets.url("icons/logo.png"), "/static/icons/logo.2233.png");
  EXPECT_EQ(assets.find_url("app.js"), nullptr);
  EXPECT_THROW((void)assets.url("app.js"), Exception);
}

TEST(Assets, OfALaterSourceTakeTheName) {
  const Assets assets({AssetSource(kFiles), AssetSource(kNewer)}, "/files");
  EXPECT_EQ(assets.url("app.css"), "/files/app.4455.css");
  EXPECT_EQ(assets.url("icons/logo.png"), "/files/icons/logo.2233.png");
}

TEST(Assets, RefuseAPrefixThatIsNoPath) {
  EXPECT_THROW(Assets({AssetSource(kFiles)}, "static"), Exception);
  EXPECT_THROW(Assets({AssetSource(kFiles)}, "/static/"), Exception);
}

TEST(Assets, MayBeKeptForAYear) {
  const http::Response response = get("/static/app.0011.css");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "plain bytes");
  EXPECT_EQ(response.headers.get("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(response.headers.get("etag"), "\"app.0011.css\"");
  EXPECT_EQ(response.headers.get("vary"), "accept-encoding");
  EXPECT_EQ(response.headers.get("content-encoding"), std::nullopt);
}

TEST(Assets, ArePackedForThoseWhoTakeThem) {
  const http::Response gzip = get("/static/app.0011.css", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(gzip.body, "gzip");
  EXPECT_EQ(gzip.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(gzip.headers.get("etag"), "\"app.0011.css-gzip\"");
  const http::Response zstd = get("/static/app.0011.css", {{"accept-encoding", "gzip, br, zstd"}});
  EXPECT_EQ(zstd.body, "zstd");
  EXPECT_EQ(zstd.headers.get("content-encoding"), "zstd");
  const http::Response plain = get("/static/icons/logo.2233.png", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(plain.body, "png");
  EXPECT_EQ(plain.headers.get("vary"), std::nullopt);
}

TEST(Assets, AreNotSentToThoseWhoHaveThem) {
  const http::Response response = get("/static/app.0011.css", {{"if-none-match", "\"app.0011.css\""}});
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
}

TEST(Assets, AnswerHead) {
  EXPECT_EQ(get("/static/app.0011.css", {}, http::Method::head).status, 200);
  EXPECT_EQ(get("/static/app.0011.css", {}, http::Method::post).status, 405);
}

TEST(Assets, WithAnOldHashOrNoneAreNotFound) {
  for (const char* path :
       {"/static/app.0000.css", "/static/app.css", "/static/", "/static/icons", "/static/../app.0011.css"}) {
    const http::Response response = get(path);
    EXPECT_TRUE(response.status == 404 || response.status == 400) << path;
    EXPECT_NE(response.headers.get("cache-control"), "public, max-age=31536000, immutable") << path;
  }
  EXPECT_EQ(get("/static/app.0000.css").headers.get("cache-control"), "no-store");
}

TEST(Assets, AreCheckedInTemplates) {
  const Assets assets{AssetSource(kFiles)};
  const TemplateFile good{"a.html", "<link rel=stylesheet href=\"{{asset app.css}}\">"};
  EXPECT_EQ(Templates(TemplateSource(&good, 1), {.assets = &assets}).render("a.html", Data()),
            "<link rel=stylesheet href=\"/static/app.0011.css\">");
  const TemplateFile bad{"a.html", "<p>\n<link rel=stylesheet href=\"{{asset app.js}}\">"};
  try {
    const Templates templates(TemplateSource(&bad, 1), {.assets = &assets});
    FAIL() << "taken";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().message(), "a.html:2: there is no asset 'app.js'");
  }
}

}  // namespace
}  // namespace mcdsl::web
