#include "mcdsl/http/pipeline.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl::http {
namespace {

using testing::AppClient;

// Puts a header on whatever comes back, so that a test sees by whom a response was seen.
Middleware stamp(std::string value) {
  return [value](Handler next) -> Handler {
    return [value, next](Request& request) {
      Response response = next(request);
      response.headers.add("x-stamp", value);
      return response;
    };
  };
}

Router sample() {
  Router router;
  router.get("/a", [] { return text("a"); });
  router.post("/small", [] { return no_content(); }, {.max_body_bytes = 1});
  return router;
}

TEST(Pipeline, WrapsTheApplicationOutermostFirst) {
  const Router router = sample();
  const Pipeline pipeline(router, {stamp("outer"), stamp("inner")});
  const Response response = AppClient(pipeline).get("/a");
  EXPECT_EQ(response.body, "a");
  EXPECT_EQ(response.headers[response.headers.size() - 2].value, "inner");
  EXPECT_EQ(response.headers[response.headers.size() - 1].value, "outer");
}

TEST(Pipeline, SeesWhatMatchesNoRoute) {
  const Router router = sample();
  const Pipeline pipeline(router, {stamp("seen")});
  const Response response = AppClient(pipeline).get("/nowhere");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("x-stamp"), "seen");
}

TEST(Pipeline, SeesRefusalsOfABodyThatIsTooLarge) {
  const Router router = sample();
  const Pipeline pipeline(router, {stamp("seen")});
  const Response response = AppClient(pipeline).post("/small", "12");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.headers.get("x-stamp"), "seen");
}

TEST(Pipeline, WantsNoBodyWhereNoRouteMatches) {
  const Router router = sample();
  const Pipeline pipeline(router, {});
  Request request;
  request.start(Method::post, "/nowhere");
  EXPECT_FALSE(pipeline.plan(request).wants_body);
  request.start(Method::post, "/small");
  EXPECT_TRUE(pipeline.plan(request).wants_body);
}

TEST(Pipeline, PassesTheBodyLimitOn) {
  const Router router = sample();
  const Pipeline pipeline(router, {});
  EXPECT_EQ(AppClient(pipeline).post("/small", "1").status, 204);
  EXPECT_EQ(AppClient(pipeline).post("/small", "12").status, 413);
}

TEST(Pipeline, MakesAThrowingMiddlewareA500) {
  const Router router = sample();
  const Middleware broken = [](Handler) -> Handler {
    return [](Request&) -> Response { throw std::runtime_error("bug"); };
  };
  const Pipeline pipeline(router, {broken});
  EXPECT_EQ(AppClient(pipeline).get("/a").status, 500);
  EXPECT_EQ(AppClient(pipeline).get("/nowhere").status, 500);
}

TEST(Pipeline, RefusesAnEmptyMiddleware) {
  const Router router = sample();
  EXPECT_THROW(Pipeline(router, {stamp("a"), Middleware()}), Exception);
}

}  // namespace
}  // namespace mcdsl::http
