#include "mcdsl/grpcserver/internal/rest_table.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {
namespace {

class RestTableTest : public ::testing::Test {
 protected:
  const RestTable::Route* add(http::Method method, const char* path) {
    const auto& binding = bindings_.emplace_back(method, value_or_throw(PathTemplate::parse(path)), "", "");
    return table_.add(binding, bindings_.size() - 1);
  }

  [[nodiscard]] std::string find(http::Method method, const char* path) const {
    const auto* route = table_.find(method, path);
    return route != nullptr ? route->pattern : "none";
  }

  std::deque<RestBinding> bindings_;
  RestTable table_;
};

TEST_F(RestTableTest, FindsTheMostSpecificRouteInWhateverOrderTheyCame) {
  for (const char* path : {"/v1/{rest=**}", "/v1/{name}", "/v1/mine", "/v1/{name}:read", "/v1/{a}/{b}", "/v1/{a}/b"}) {
    EXPECT_EQ(add(http::Method::get, path), nullptr);
  }
  EXPECT_EQ(find(http::Method::get, "/v1/mine"), "/v1/mine");
  EXPECT_EQ(find(http::Method::get, "/v1/yours"), "/v1/{name}");
  EXPECT_EQ(find(http::Method::get, "/v1/yours:read"), "/v1/{name}:read");
  EXPECT_EQ(find(http::Method::get, "/v1/a/b"), "/v1/{a}/b");
  EXPECT_EQ(find(http::Method::get, "/v1/a/c"), "/v1/{a}/{b}");
  EXPECT_EQ(find(http::Method::get, "/v1/a/b/c"), "/v1/{rest=**}");
  EXPECT_EQ(find(http::Method::get, "/v2/a"), "none");
}

TEST_F(RestTableTest, TellsWhoseRouteIsThereAlready) {
  EXPECT_EQ(add(http::Method::get, "/v1/{a}"), nullptr);
  EXPECT_EQ(add(http::Method::put, "/v1/{a}"), nullptr);
  const auto* other = add(http::Method::get, "/v1/{b}");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->owner, 0U);
  EXPECT_EQ(other->pattern, "/v1/{a}");
}

TEST_F(RestTableTest, FindsTheRouteOfTheMethodBehindAMoreSpecificPath) {
  EXPECT_EQ(add(http::Method::get, "/v1/mine"), nullptr);
  EXPECT_EQ(add(http::Method::delete_, "/v1/{name}"), nullptr);
  EXPECT_EQ(find(http::Method::delete_, "/v1/mine"), "/v1/{name}");
  EXPECT_EQ(find(http::Method::head, "/v1/mine"), "/v1/mine");
  EXPECT_EQ(find(http::Method::head, "/v1/other"), "none");
  EXPECT_EQ(table_.allowed("/v1/mine"), "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(table_.allowed("/v1/other"), "DELETE, OPTIONS");
  EXPECT_EQ(table_.allowed("/other"), "");
  EXPECT_EQ(table_.allowed("*"), "");
}

TEST_F(RestTableTest, NamesOptionsOnceWhereAMethodHasIt) {
  EXPECT_EQ(add(http::Method::options, "/v1"), nullptr);
  EXPECT_EQ(table_.allowed("/v1"), "OPTIONS");
}

}  // namespace
}  // namespace mcdsl::grpcserver
