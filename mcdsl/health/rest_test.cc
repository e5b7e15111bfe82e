#include "mcdsl/health/rest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::health {
namespace {

class RestTest : public ::testing::Test {
 protected:
  http::Response get(std::string_view path) {
    http::Request request;
    request.start(http::Method::get, path);
    (void)router_.plan(request);
    return router_.serve(request);
  }

  void fail_a_check() {
    registry_.add("database", []() -> Result<void> { return fail(Code::unavailable, "disk /srv is full"); });
  }

  Registry registry_{{.timeout = std::chrono::seconds(10), .max_age = std::chrono::nanoseconds(0)}};
  http::Router router_;
};

TEST_F(RestTest, AnswersOkWhileServing) {
  add_routes(router_, registry_);
  for (const std::string_view path : {"/livez", "/readyz", "/v1/health"}) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.body, R"({"status":"ok"})") << path;
  }
}

TEST_F(RestTest, IsAliveButNotReadyWhenACheckFails) {
  add_routes(router_, registry_);
  fail_a_check();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/v1/health").body, R"({"status":"unavailable"})");
}

TEST_F(RestTest, IsNotReadyWhileDraining) {
  add_routes(router_, registry_);
  registry_.drain();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, R"({"status":"draining"})");
}

TEST_F(RestTest, ShowsDetailOnlyToThoseWhoMaySeeIt) {
  bool allowed = false;
  add_routes(router_, registry_, [&](const http::Request&) { return allowed; });
  fail_a_check();
  EXPECT_EQ(get("/v1/health").body, R"({"status":"unavailable"})");
  allowed = true;
  EXPECT_EQ(get("/v1/health").body,
            R"({"status":"unavailable","checks":[{"name":"database","ok":false,"error":"disk /srv is full"}]})");
}

}  // namespace
}  // namespace mcdsl::health
