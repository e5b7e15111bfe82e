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

}  // namespace
}  // namespace mcdsl
