#include "mcdsl/service/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/auth/static_verifier.h"
#include "mcdsl/testing/app_client.h"

namespace mcdsl {
namespace {

TEST(Service, RefusesARuleBeforeItKnowsWhoTellsCallers) {
  const config::Standard config;
  const Service service("notes", config, {});
  EXPECT_THROW((void)service.require(auth::Access::user()), Exception);
  EXPECT_NO_THROW((void)service.require(auth::Access::open()));
}

TEST(Service, GuardsARouteByItsVerifier) {
  const config::Standard config;
  auth::Caller admin;
  admin.username = "root";
  admin.roles = {"admin"};
  admin.expires_at = Clock::WallTime::max();
  const auth::StaticVerifier verifier({{"the-token", admin}});
  Service service("notes", config, {});
  service.authenticate_with(verifier);
  service.router().group([&](http::Router& routes) {
    routes.use(service.require(auth::Access::admin()));
    routes.get("/secret", [] { return http::text("42"); });
  });
  const testing::AppClient client(service.router());
  EXPECT_EQ(client.get("/secret").status, 401);
  EXPECT_EQ(client.with_header("authorization", "Bearer the-token").get("/secret").body, "42");
}

TEST(Service, PutsItsMiddlewaresAroundRequestsThatMatchNoRoute) {
  const config::Standard config;
  Service service("notes", config, {});
  const auto tag = [](std::string name) {
    return [name = std::move(name)](http::Handler next) -> http::Handler {
      return [name, next = std::move(next)](http::Request& request) {
        http::Response response = next(request);
        response.headers.set("x-tags", std::string(response.headers.get("x-tags").value_or("")) + name);
        return response;
      };
    };
  };
  service.use(tag("outer"));
  service.use(tag("inner,"));
  service.router().get("/", [] { return http::text("42"); });
  const testing::AppClient client(service.application());
  EXPECT_EQ(client.get("/").headers.get("x-tags"), "inner,outer");
  EXPECT_EQ(client.get("/nowhere").status, 404);
  EXPECT_EQ(client.get("/nowhere").headers.get("x-tags"), "inner,outer");
  EXPECT_EQ(client.delete_("/").status, 405);
  EXPECT_EQ(client.delete_("/").headers.get("x-tags"), "inner,outer");
}

// What a web::Site has, as far as a service sees it.
struct TaggingSite {
  [[nodiscard]] http::Middleware around() const {
    return [](http::Handler next) -> http::Handler {
      return [next = std::move(next)](http::Request& request) { return next(request).with_header("x-site", "around"); };
    };
  }
  template <class Fill>
  void add_routes(http::Router& router, const Fill& fill) const {
    router.get("/login", [] { return http::text("login"); });
    router.group([&](http::Router& pages) { fill(pages); });
  }
};

TEST(Service, AddsThePagesOfASite) {
  const config::Standard config;
  Service service("notes", config, {});
  service.add_pages(TaggingSite(), [](http::Router& pages) { pages.get("/", [] { return http::text("list"); }); });
  const testing::AppClient client(service.application());
  EXPECT_EQ(client.get("/login").body, "login");
  EXPECT_EQ(client.get("/").body, "list");
  EXPECT_EQ(client.get("/nowhere").headers.get("x-site"), "around");
}

}  // namespace
}  // namespace mcdsl
