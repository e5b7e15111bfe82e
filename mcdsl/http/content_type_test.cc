#include "mcdsl/http/content_type.h"

#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

Request request_with(std::string_view type, std::string_view body) {
  Request request;
  request.start(Method::post, "/");
  if (!type.empty()) {
    request.mutable_headers().add("content-type", type);
  }
  request.mutable_body() = body;
  return request;
}

int status_of(Request request) {
  return require_json()([](Request&) { return no_content(); })(request).status;
}

TEST(RequireJson, LetsJsonPassInAnySpelling) {
  for (const std::string_view type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"}) {
    EXPECT_EQ(status_of(request_with(type, "{}")), 204) << type;
  }
}

TEST(RequireJson, RefusesEveryOtherType) {
  for (const std::string_view type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                                      "application/json+x", "text/plain; application/json", ";application/json"}) {
    EXPECT_EQ(status_of(request_with(type, "{}")), 415) << type;
    EXPECT_EQ(status_of(request_with(type, "")), 415) << type;
  }
}

TEST(RequireJson, RefusesABodyWithoutAType) {
  EXPECT_EQ(status_of(request_with("", "{}")), 415);
}

TEST(RequireJson, LetsARequestWithoutBodyPass) {
  EXPECT_EQ(status_of(request_with("", "")), 204);
}

TEST(RequireJson, RefusesTwoTypes) {
  Request request = request_with("application/json", "{}");
  request.mutable_headers().add("content-type", "text/plain");
  EXPECT_EQ(status_of(request), 415);
}

TEST(RequireJson, SaysWhatItWants) {
  Request request = request_with("text/plain", "{}");
  const Response response = require_json()([](Request&) { return no_content(); })(request);
  EXPECT_EQ(response.body, R"({"error":"the content type must be application/json"})");
  EXPECT_EQ(response.headers.get("accept"), "application/json");
}

TEST(MediaType, IsWhatStandsBeforeTheParameters) {
  EXPECT_EQ(media_type(" text/html ; charset=utf-8"), "text/html");
  EXPECT_EQ(media_type(""), "");
}

}  // namespace
}  // namespace mcdsl::http
