// How routes are put together, and which mistakes are told at start.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl::http {
namespace {

using mcdsl::testing::AppClient;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Response show_trail(const Request& request) {
  const auto* trail = request.get<std::string>();
  return text(trail == nullptr ? "" : *trail);
}

// Leaves its name behind those of the middlewares outside it.
Middleware mark(std::string name) {
  return [name](Handler next) -> Handler {
    return [name, next = std::move(next)](Request& request) {
      const auto* trail = request.get<std::string>();
      request.set((trail == nullptr ? "" : *trail) + name);
      return next(request);
    };
  };
}

// The text of the exception that a mistake throws.
template <class F>
std::string mistake(F make) {
  Router router;
  try {
    make(router);
  } catch (const Exception& refused) {
    EXPECT_EQ(refused.error().code(), Code::internal);
    return refused.what();
  }
  return "accepted";
}

std::string mistake_in(std::string_view pattern) {
  return mistake([&](Router& router) { router.get(pattern, show_trail); });
}

TEST(RouterHandlers, MayTakeTheRequestOrNothing) {
  Router router;
  router.get("/mutable", [](Request& request) { return text(std::string(request.path())); });
  router.get("/const", [](const Request& request) { return text(std::string(request.path())); });
  router.get("/none", [] { return text("none"); });
  router.get("/handler", Handler([](Request&) { return text("handler"); }));
  const AppClient client(router);
  EXPECT_EQ(client.get("/mutable").body, "/mutable");
  EXPECT_EQ(client.get("/const").body, "/const");
  EXPECT_EQ(client.get("/none").body, "none");
  EXPECT_EQ(client.get("/handler").body, "handler");
}

TEST(RouterHandlers, MayReturnResults) {
  Router router;
  router.get("/found", []() -> Result<Response> { return text("found"); });
  router.get("/missing", []() -> Result<Response> { return fail(Code::not_found, "no row 7"); });
  router.get("/done", []() -> Result<void> { return {}; });
  router.get("/denied", []() -> Result<void> { return fail_visible(Code::permission_denied, "not yours"); });
  const AppClient client(router);
  EXPECT_EQ(client.get("/found").body, "found");
  EXPECT_EQ(client.get("/missing").status, 404);
  EXPECT_EQ(client.get("/missing").error->message(), "no row 7");
  EXPECT_EQ(client.get("/done").status, 204);
  EXPECT_EQ(client.get("/denied").status, 403);
  EXPECT_EQ(client.get("/denied").body, R"({"error":"not yours"})");
}

TEST(RouterHandlers, MayNotBeMutable) {
  auto counting = [n = 0]() mutable { return text(std::to_string(++n)); };
  auto returning_int = [] { return 7; };
  EXPECT_FALSE(RouteHandler<decltype(counting)>) << "it would be called from several threads at once";
  EXPECT_FALSE(RouteHandler<decltype(returning_int)>);
  EXPECT_TRUE(RouteHandler<decltype(&show_trail)>);
}

TEST(RouterHandlers, MayThrow) {
  Router router;
  router.get("/bug", []() -> Response { throw std::runtime_error("bug"); });
  const Response response = AppClient(router).get("/bug");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, R"({"error":"internal error"})");
  EXPECT_EQ(response.error->message(), "bug");
}

TEST(RouterMiddleware, RunsOutermostFirst) {
  Router router;
  router.use(mark("a"));
  router.use(mark("b"));
  router.get("/", show_trail);
  EXPECT_EQ(AppClient(router).get("/").body, "ab");
}

TEST(RouterMiddleware, OfAGroupSeesTheGroupOnly) {
  Router router;
  router.use(mark("a"));
  router.get("/out", show_trail);
  router.group([](Router& group) {
    group.use(mark("b"));
    group.get("/in", show_trail);
    group.route("/deep", [](Router& deep) {
      deep.use(mark("c"));
      deep.get("/{x}", show_trail);
    });
  });
  router.get("/after", show_trail);
  const AppClient client(router);
  EXPECT_EQ(client.get("/out").body, "a");
  EXPECT_EQ(client.get("/in").body, "ab");
  EXPECT_EQ(client.get("/deep/x").body, "abc");
  EXPECT_EQ(client.get("/after").body, "a");
}

TEST(RouterMiddleware, IsBuiltOncePerRouteAndNeverForARequest) {
  int built = 0;
  Router router;
  router.use([&built](Handler next) {
    ++built;
    return next;
  });
  router.get("/a", show_trail);
  router.get("/b", show_trail);
  EXPECT_EQ(built, 2);
  (void)AppClient(router).get("/a");
  EXPECT_EQ(built, 2);
}

TEST(RouterMiddleware, DoesNotSeeWhatHasNoRoute) {
  bool seen = false;
  Router router;
  router.use([&seen](Handler next) -> Handler {
    return [&seen, next](Request& request) {
      seen = true;
      return next(request);
    };
  });
  router.get("/a", show_trail);
  EXPECT_EQ(AppClient(router).get("/b").status, 404);
  EXPECT_FALSE(seen);
}

TEST(RouterMount, PutsThePrefixBeforeEveryPattern) {
  Router inner;
  inner.use(mark("inner"));
  inner.get("/", show_trail);
  inner.get("/{id}", [](const Request& request) { return text(request.param("tenant") + request.param("id")); },
            {.max_body_bytes = 1});
  Router router;
  router.use(mark("outer-"));
  router.mount("/v1/{tenant}", std::move(inner));
  const AppClient client(router);
  EXPECT_EQ(client.get("/v1/t").body, "outer-inner");
  EXPECT_EQ(client.get("/v1/t/").status, 404);
  EXPECT_EQ(client.get("/v1/t/7").body, "t7");
  EXPECT_EQ(client.send(Method::get, "/v1/t/7", "12").status, 413) << "options are kept";
  EXPECT_THAT(router.routes(),
              ElementsAre(Route{Method::get, "/v1/{tenant}"}, Route{Method::get, "/v1/{tenant}/{id}"}));
}

TEST(RouterRoutes, AreListedByPatternAndMethod) {
  Router router;
  router.put("/b", show_trail);
  router.get("/b", show_trail);
  router.get("/a/*", show_trail);
  EXPECT_THAT(router.routes(),
              ElementsAre(Route{Method::get, "/a/*"}, Route{Method::get, "/b"}, Route{Method::put, "/b"}));
}

TEST(RouterMistakes, BadPatternsAreNamed) {
  EXPECT_EQ(mistake_in("a"), "route GET \"a\": a pattern starts with '/'");
  EXPECT_EQ(mistake_in(""), "route GET \"\": a pattern starts with '/'");
  EXPECT_EQ(mistake_in("/*/a"), "route GET \"/*/a\": '*' must be the last segment");
  EXPECT_EQ(mistake_in("/a//b"), "route GET \"/a//b\": a segment is empty");
  for (const std::string_view pattern : {"/{}", "/{a", "/{a}b", "/{a-b}", "/{a:[0-9]+}", "/{a}{b}"}) {
    EXPECT_THAT(mistake_in(pattern), HasSubstr("a parameter is a whole segment")) << pattern;
  }
  for (const std::string_view pattern : {"/a{b}", "/a*", "/a b", "/a%20b", "/..", "/.", "/a?b", "/a#b", "/\xC3\xA9"}) {
    EXPECT_THAT(mistake_in(pattern), HasSubstr("neither {name} nor '*' nor plain text")) << pattern;
  }
  EXPECT_EQ(mistake_in("/a-b/v1.0/@x/~y/$z/_w"), "accepted");
}

TEST(RouterMistakes, ANameTwiceInAPatternIsRefusedAcrossMounts) {
  EXPECT_THAT(mistake_in("/{a}/b/{a}"), HasSubstr("parameter \"a\" is there twice"));
  EXPECT_THAT(
      mistake([](Router& router) { router.route("/{a}", [](Router& inner) { inner.get("/{a}", show_trail); }); }),
      HasSubstr("route GET \"/{a}/{a}\": parameter \"a\" is there twice"));
}

TEST(RouterMistakes, MoreParametersThanAMatchHoldsAreRefused) {
  std::string pattern;
  for (int i = 0; i < 16; ++i) {
    pattern += "/{p" + std::to_string(i) + "}";
  }
  EXPECT_EQ(mistake_in(pattern), "accepted");
  EXPECT_THAT(mistake_in(pattern + "/*"), HasSubstr("more than 16 parameters"));
}

TEST(RouterMistakes, RoutesForTheSameRequestsAreRefused) {
  const auto twice = [](std::string_view first, std::string_view second) {
    return mistake([&](Router& router) {
      router.get(first, show_trail);
      router.group([&](Router& group) { group.get(second, show_trail); });
    });
  };
  EXPECT_EQ(twice("/a", "/a"), "route GET \"/a\": it answers the same requests as \"/a\"");
  EXPECT_EQ(twice("/a/{x}/b", "/a/{y}/b"), "route GET \"/a/{y}/b\": it answers the same requests as \"/a/{x}/b\"");
  EXPECT_THAT(twice("/a/*", "/a/*"), HasSubstr("the same requests"));
  EXPECT_EQ(twice("/a/{x}", "/a/*"), "accepted");
  EXPECT_EQ(twice("/a/{x}/b", "/a/{y}/c"), "accepted");
}

TEST(RouterMistakes, AMiddlewareAfterARouteIsRefused) {
  EXPECT_EQ(mistake([](Router& router) {
              router.get("/a", show_trail);
              router.use(mark("a"));
            }),
            "Router::use: middlewares come before the first route, here \"/a\"");
  EXPECT_THAT(mistake([](Router& router) {
                router.group([](Router& group) { group.get("/b", show_trail); });
                router.use(mark("a"));
              }),
              HasSubstr("before the first route"));
}

TEST(RouterMistakes, EmptyFunctionsAreRefused) {
  EXPECT_THAT(mistake([](Router& router) { router.get("/a", Handler()); }), HasSubstr("the handler is empty"));
  EXPECT_THAT(mistake([](Router& router) { router.use(Middleware()); }), HasSubstr("the middleware is empty"));
  EXPECT_THAT(mistake([](Router& router) {
                router.use([](Handler) { return Handler(); });
                router.get("/a", show_trail);
              }),
              HasSubstr("the handler is empty"));
}

TEST(RouterMistakes, BadPrefixesAreRefused) {
  for (const std::string_view prefix : {"v1", "/v1/", "/"}) {
    EXPECT_THAT(mistake([&](Router& router) { router.mount(prefix, Router()); }), HasSubstr("must start with '/'"));
  }
  EXPECT_THAT(mistake([](Router& router) { router.route("/*", [](Router& inner) { inner.get("/a", show_trail); }); }),
              HasSubstr("'*' must be the last segment"));
}

}  // namespace
}  // namespace mcdsl::http
