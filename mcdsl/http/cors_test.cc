#include "mcdsl/http/cors.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl::http {
namespace {

using testing::AppClient;

constexpr std::string_view kOrigin = "https://app.example.org";

class Cors : public ::testing::Test {
 protected:
  Cors() {
    router_.get("/notes", [this] {
      ++handled_;
      return text("notes").with_header("vary", "accept");
    });
  }

  Response get(const CorsOptions& options, std::string_view origin) {
    const Pipeline pipeline(router_, {cors(options)});
    const AppClient client(pipeline);
    return origin.empty() ? client.get("/notes") : client.with_header("origin", origin).get("/notes");
  }

  Response preflight(const CorsOptions& options, std::string_view origin, std::string_view method = "PUT") {
    const Pipeline pipeline(router_, {cors(options)});
    return AppClient(pipeline)
        .with_header("origin", origin)
        .with_header("access-control-request-method", method)
        .options("/notes");
  }

  Router router_;
  int handled_ = 0;
  CorsOptions options_{.origins = {std::string(kOrigin), "http://localhost:5173"}, .credentials = true};
};

TEST_F(Cors, LetsAnOriginOfTheListRead) {
  const Response response = get(options_, kOrigin);
  EXPECT_EQ(response.body, "notes");
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), kOrigin);
  EXPECT_EQ(response.headers.get("access-control-allow-credentials"), "true");
  EXPECT_FALSE(response.headers.contains("access-control-expose-headers"));
}

TEST_F(Cors, TellsNoOtherOriginAnything) {
  for (const std::string_view origin :
       {"https://evil.example", "https://app.example.org.evil.example", "https://app.example.org:8443",
        "http://app.example.org", "https://APP.example.org", "null", "*", "https://app.example.org "}) {
    const Response response = get(options_, origin);
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.headers.contains("access-control-allow-origin")) << origin;
    EXPECT_FALSE(response.headers.contains("access-control-allow-credentials")) << origin;
  }
}

TEST_F(Cors, KeepsCachesFromMixingOriginsUp) {
  for (const std::string_view origin : {std::string_view(), kOrigin, std::string_view("https://evil.example")}) {
    const Response response = get(options_, origin);
    EXPECT_TRUE(response.headers.has_element("vary", "origin")) << origin;
    EXPECT_TRUE(response.headers.has_element("vary", "accept")) << "the handler's own stays";
  }
}

TEST_F(Cors, AnswersAPreflightWithoutTheHandler) {
  options_.max_age = std::chrono::seconds(60);
  const Response response = preflight(options_, kOrigin);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), kOrigin);
  EXPECT_EQ(response.headers.get("access-control-allow-credentials"), "true");
  EXPECT_EQ(response.headers.get("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
  EXPECT_EQ(response.headers.get("access-control-allow-headers"), "authorization, content-type");
  EXPECT_EQ(response.headers.get("access-control-max-age"), "60");
  EXPECT_TRUE(response.headers.has_element("vary", "origin"));
  EXPECT_EQ(handled_, 0);
}

TEST_F(Cors, RefusesAPreflightByLeavingTheHeadersOut) {
  const Response response = preflight(options_, "https://evil.example");
  EXPECT_FALSE(response.headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(response.headers.contains("access-control-allow-methods"));
}

TEST_F(Cors, LeavesAnOrdinaryOptionsRequestToTheRouter) {
  const Pipeline pipeline(router_, {cors(options_)});
  const Response response = AppClient(pipeline).with_header("origin", kOrigin).options("/notes");
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), kOrigin);
}

TEST_F(Cors, ExposesHeadersToScripts) {
  options_.exposed_headers = {"etag", "x-request-id"};
  EXPECT_EQ(get(options_, kOrigin).headers.get("access-control-expose-headers"), "etag, x-request-id");
  EXPECT_FALSE(preflight(options_, kOrigin).headers.contains("access-control-expose-headers"));
}

TEST_F(Cors, MayBeOpenToAllWithoutCredentials) {
  const Response response = get({.origins = {"*"}}, "https://anyone.example");
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), "*");
  EXPECT_FALSE(response.headers.contains("access-control-allow-credentials"));
  EXPECT_FALSE(response.headers.has_element("vary", "origin"));
}

TEST_F(Cors, ReplacesWhatAHandlerSaid) {
  Router router;
  router.get("/", [] { return text("").with_header("access-control-allow-origin", "*"); });
  const Pipeline pipeline(router, {cors(options_)});
  const Response response = AppClient(pipeline).with_header("origin", kOrigin).get("/");
  EXPECT_EQ(response.headers.count("access-control-allow-origin"), 1U);
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), kOrigin);
}

TEST_F(Cors, AlsoCoversRefusals) {
  const Pipeline pipeline(router_, {cors(options_)});
  const Response response = AppClient(pipeline).with_header("origin", kOrigin).get("/nowhere");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("access-control-allow-origin"), kOrigin);
}

TEST_F(Cors, RefusesRulesThatAreAMistake) {
  EXPECT_THROW((void)cors({.origins = {"*"}, .credentials = true}), Exception);
  EXPECT_THROW((void)cors({.origins = {"*", "https://a.example"}}), Exception);
  for (const std::string origin :
       {"", "null", "app.example.org", "https://", "https://a.example/", "https://A.example", "https://a.example:443",
        "http://a.example:80", "https://a.example:0443", "https://a.example:x", "https://a.example:99999",
        "https://user@a.example", "https://*.example", "https://a.example?x", "://a.example", "https://a b"}) {
    EXPECT_THROW((void)cors({.origins = {origin}}), Exception) << origin;
  }
  EXPECT_THROW((void)cors({.origins = {std::string(kOrigin)}, .headers = {"a b"}}), Exception);
  EXPECT_NO_THROW((void)cors({.origins = {"https://[2001:db8::1]:8443", "chrome-extension://abc", "http://a_b:8080"}}));
}

}  // namespace
}  // namespace mcdsl::http
