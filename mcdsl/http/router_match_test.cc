// Which route answers a request, and what a router answers itself.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl::http {
namespace {

using testing::AppClient;

// Answers with the pattern that matched.
Response show_route(const Request& request) {
  return text(std::string(request.route()));
}

Router router_with(const std::vector<std::string_view>& patterns) {
  Router router;
  for (const auto pattern : patterns) {
    router.get(pattern, show_route);
  }
  return router;
}

// What a parameter of the one route `pattern` holds; nullopt where the router refuses the path.
std::optional<std::string> param_of(std::string_view pattern, std::string_view name, std::string_view path) {
  Router router;
  router.get(pattern, [name](const Request& request) { return text(request.param(name)); });
  Response response = AppClient(router).get(path);
  return response.status == 200 ? std::optional(response.body) : std::nullopt;
}

TEST(RouterMatch, TakesTextOverParametersOverWildcardsWhateverTheOrder) {
  std::vector<std::string_view> patterns{"/a/b", "/a/{x}", "/a/*", "/{y}/b", "/*"};
  for (std::size_t turn = 0; turn < patterns.size(); ++turn) {
    std::ranges::rotate(patterns, patterns.begin() + 1);
    const Router router = router_with(patterns);
    const AppClient client(router);
    EXPECT_EQ(client.get("/a/b").body, "/a/b");
    EXPECT_EQ(client.get("/a/c").body, "/a/{x}");
    EXPECT_EQ(client.get("/a/c/d").body, "/a/*");
    EXPECT_EQ(client.get("/a/").body, "/a/*");
    EXPECT_EQ(client.get("/c/b").body, "/{y}/b");
    EXPECT_EQ(client.get("/a").body, "/*");
    EXPECT_EQ(client.get("/").body, "/*");
  }
}

TEST(RouterMatch, GoesBackWhereABetterSegmentLeadsNowhere) {
  const Router router = router_with({"/a/b/c", "/a/{x}/d", "/{x}/b/e", "/{x}/{y}/{z}/f"});
  const AppClient client(router);
  EXPECT_EQ(client.get("/a/b/d").body, "/a/{x}/d");
  EXPECT_EQ(client.get("/a/b/e").body, "/{x}/b/e");
  EXPECT_EQ(client.get("/a/b/c/f").body, "/{x}/{y}/{z}/f");
  EXPECT_EQ(client.get("/a/b/x").status, 404);
}

TEST(RouterMatch, GivesParametersOfTheRouteItTookOnly) {
  Router router;
  router.get("/a/{wrong}/c", show_route);
  router.get("/{first}/{second}/*", [](const Request& request) {
    return text(request.param("first") + "," + request.param("second") + "," + request.param("*"));
  });
  EXPECT_EQ(AppClient(router).get("/a/b/d/e").body, "a,b,d/e");
}

TEST(RouterMatch, GoesToTheRouteThatHasTheMethod) {
  Router router = router_with({"/a/{x}"});
  router.post("/a/b", [] { return text("posted"); });
  const AppClient client(router);
  EXPECT_EQ(client.get("/a/b").body, "/a/{x}");
  EXPECT_EQ(client.post("/a/b", "").body, "posted");
}

TEST(RouterMatch, ComparesWholeSegmentsInTheirCase) {
  const Router router = router_with({"/abc", "/abc/def/"});
  const AppClient client(router);
  for (const std::string_view path : {"/ab", "/abcd", "/ABC", "/abc/", "//abc", "/abc/def", "/abc//def/", "/%61bc"}) {
    EXPECT_EQ(client.get(path).status, 404) << path;
  }
  EXPECT_EQ(client.get("/abc?x=/y").status, 200);
  EXPECT_EQ(client.get("/abc/def/").status, 200);
}

TEST(RouterMatch, ParametersAreNeverEmpty) {
  const Router router = router_with({"/a/{x}", "/a/{x}/b"});
  EXPECT_EQ(AppClient(router).get("/a/").status, 404);
  EXPECT_EQ(AppClient(router).get("/a//b").status, 404);
}

TEST(RouterMatch, DecodesParameters) {
  EXPECT_EQ(param_of("/{x}", "x", "/a%20b+c"), "a b+c");
  EXPECT_EQ(param_of("/{x}/y", "x", "/a%2Fb/y"), "a/b");
  EXPECT_EQ(param_of("/{x}", "x", "/caf%C3%A9"), "caf\xC3\xA9");
  EXPECT_EQ(param_of("/{x}", "x", "/%2e%2e%2e"), "...");
  EXPECT_EQ(param_of("/files/*", "*", "/files/a%20b/c"), "a b/c");
  EXPECT_EQ(param_of("/files/*", "*", "/files/"), "");
  EXPECT_EQ(param_of("/{x}", "x", "/.well-known"), ".well-known");
}

TEST(RouterMatch, RefusesMalformedAndDottedPaths) {
  const Router router = router_with({"/*"});
  for (const std::string_view path :
       {"/%",     "/%4",     "/%zz",   "/a%00b",    "/%ff",      "/%C3/%A9", "/..",
        "/.",     "/a/../b", "/a/./b", "/a/..",     "/%2e%2e/a", "/a/%2E.",  "/a%2F..%2Fb",
        "/..%2f", "/a b",    "/a\x01", "/\xC3\xA9", "a",         ""}) {
    const Response response = AppClient(router).get(path);
    EXPECT_EQ(response.status, 400) << path;
    EXPECT_EQ(response.body, R"({"error":"malformed path"})");
  }
}

TEST(RouterMatch, Answers404ForAnUnknownPath) {
  const Router router = router_with({"/a"});
  const Response response = AppClient(router).get("/b");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":"not found"})");
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
}

TEST(RouterMatch, Answers405WithWhatThePathAllows) {
  Router router = router_with({"/a/b"});
  router.put("/a/{x}", [] { return no_content(); });
  const Response response = AppClient(router).delete_("/a/b");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.body, R"({"error":"method not allowed"})");
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(AppClient(router).get("/a/c").headers.get("allow"), "PUT, OPTIONS");
}

TEST(RouterMatch, AnswersOptionsUnlessARouteDoes) {
  Router router = router_with({"/a"});
  router.delete_("/a", [] { return no_content(); });
  router.options("/b", [] { return text("mine"); });
  const AppClient client(router);
  EXPECT_EQ(client.options("/a").status, 204);
  EXPECT_EQ(client.options("/a").body, "");
  EXPECT_EQ(client.options("/a").headers.get("allow"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(client.options("/b").body, "mine");
  EXPECT_EQ(client.options("/c").status, 404);
  EXPECT_EQ(client.options("*").headers.get("allow"), "GET, HEAD, DELETE, OPTIONS");
}

TEST(RouterMatch, ServesHeadFromGetWithItsLength) {
  Router router = router_with({"/a"});
  const Response response = AppClient(router).head("/a");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.get("content-length"), "2");
  router.head("/b", [] { return text("").with_header("x-own", "yes"); });
  router.get("/b", show_route);
  EXPECT_TRUE(AppClient(router).head("/b").headers.contains("x-own"));
}

TEST(RouterMatch, PlansTheBodyLimitOfTheRoute) {
  Router router;
  router.post("/small", [](const Request& request) { return text(std::string(request.body())); },
              {.max_body_bytes = 3});
  router.post("/default", [] { return no_content(); });
  const AppClient client(router);
  EXPECT_EQ(client.post("/small", "123").body, "123");
  EXPECT_EQ(client.post("/small", "1234").status, 413);
  EXPECT_EQ(client.post("/default", std::string(1U << 20U, 'x')).status, 204);
  EXPECT_EQ(client.post("/default", std::string((1U << 20U) + 1, 'x')).status, 413);
}

TEST(RouterMatch, ServesWithoutAPlanToo) {
  const Router router = router_with({"/a/{x}"});
  Request request;
  request.start(Method::get, "/a/b");
  EXPECT_EQ(router.serve(request).body, "/a/{x}");
  request.start(Method::get, "/b");
  EXPECT_EQ(router.serve(request).status, 404);
}

TEST(RouterMatch, AnswersManyThreadsAtOnce) {
  const Router router = router_with({"/a/{x}", "/b/*"});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        EXPECT_EQ(AppClient(router).get("/a/b").body, "/a/{x}");
        EXPECT_EQ(AppClient(router).get("/b/c/d").body, "/b/*");
      }
    });
  }
}

}  // namespace
}  // namespace mcdsl::http
