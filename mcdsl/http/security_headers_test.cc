#include "mcdsl/http/security_headers.h"

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

Response secured(const Handler& handler) {
  Request request;
  return security_headers()(handler)(request);
}

TEST(SecurityHeaders, StandOnEveryResponse) {
  const Response response = secured([](Request&) { return error(404, "not found"); });
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(response.headers.get("cache-control"), "no-store");
  EXPECT_EQ(response.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
}

TEST(SecurityHeaders, LeaveWhatTheHandlerHasSet) {
  const Response response = secured([](Request&) { return html("").with_header("Cache-Control", "max-age=60"); });
  EXPECT_EQ(response.headers.get("cache-control"), "max-age=60");
  EXPECT_EQ(response.headers.count("cache-control"), 1U);
}

}  // namespace
}  // namespace mcdsl::http
