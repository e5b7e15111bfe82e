#include "mcdsl/grpcserver/internal/rest.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/service_of_text_for_test.h"

namespace mcdsl::grpcserver {
namespace {

using test::Everything;

ServiceOfText service_with(const std::string& rule, const std::string& reply = "Everything") {
  return ServiceOfText("rpc Get(Everything) returns (" + reply + ") { option (google.api.http) = " + rule + "; }");
}

TEST(RestBindings, AreThoseOfTheRuleAndItsAdditionalOnes) {
  auto service = service_with(
      R"({post: "/v1/{text}" body: "inner" response_body: "first" additional_bindings {delete: "/v2/{text}"}})",
      "Pair");
  const auto bindings = rest_bindings(*service.methods()[0].descriptor);
  ASSERT_TRUE(bindings);
  ASSERT_EQ(bindings->size(), 2U);
  EXPECT_EQ(bindings->at(0).method, http::Method::post);
  EXPECT_EQ(bindings->at(0).path.to_string(), "/v1/{text}");
  EXPECT_EQ(bindings->at(0).body, "inner");
  EXPECT_EQ(bindings->at(0).response_body, "first");
  EXPECT_EQ(bindings->at(1).method, http::Method::delete_);
  EXPECT_EQ(bindings->at(1).body, "");
}

TEST(RestBindings, AreNoneWithoutARule) {
  ServiceOfText service("rpc Get(Everything) returns (Everything);");
  EXPECT_TRUE(value_or_throw(rest_bindings(*service.methods()[0].descriptor)).empty());
}

TEST(RestBindings, SayAllThatIsWrongWithThem) {
  auto service = service_with(R"({get: "/{a}/{b}" additional_bindings {put: "/x" body: "c" response_body: "d"}})");
  const auto bindings = rest_bindings(*service.methods()[0].descriptor);
  ASSERT_FALSE(bindings);
  for (const std::string_view name : {"a: unknown", "b: unknown", "c: unknown", "d: unknown"}) {
    EXPECT_TRUE(bindings.error().message().contains(name)) << bindings.error().message();
  }
}

class RestMessageTest : public ::testing::Test {
 protected:
  Result<Everything> read(const std::string& rule, const std::string& target, std::string body = {}) {
    auto service = service_with(rule);
    const auto bindings = value_or_throw(rest_bindings(*service.methods()[0].descriptor));
    request_.start(http::Method::post, target);
    request_.mutable_body() = std::move(body);
    RestMessage message(bindings[0], request_, format_);
    Everything into;
    const auto more = message.read(into);
    status_ = message.http_status_of_fault();
    EXPECT_EQ(message.has_fault(), !more);
    if (!more) {
      return std::unexpected(more.error());
    }
    EXPECT_TRUE(*more);
    EXPECT_FALSE(value_or_throw(message.read(into))) << "there is one";
    EXPECT_TRUE(message.expect_end());
    return into;
  }

  http::Request request_;
  MessageFormat format_{.type = {Protocol::rest, Codec::json}, .limits = {100, 100}};
  int status_ = 0;
};

TEST_F(RestMessageTest, LetsThePathWinOverTheBodyInNestedFieldsToo) {
  const auto all = read(R"({post: "/{inner.text}" body: "*"})", "/a", R"({"inner": {"text": "b", "small": 1}})");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->inner().text(), "a");
  EXPECT_EQ(all->inner().small(), 1);
  EXPECT_EQ(read(R"({post: "/{inner.text}" body: "inner"})", "/a", R"({"text": "b"})")->inner().text(), "a");
}

TEST_F(RestMessageTest, RefusesAQueryForWhatThePathOrTheBodyIsFor) {
  constexpr const char* kRule = R"({post: "/{inner.text}" body: "other"})";
  EXPECT_TRUE(read(kRule, "/a?inner.small=1"));
  for (const char* target : {"/a?inner.text=b", "/a?other.text=b"}) {
    EXPECT_EQ(read(kRule, target).error().code(), Code::invalid_argument) << target;
  }
}

TEST_F(RestMessageTest, UnpacksTheBodyWithinTheLimit) {
  format_.received = Encoding::gzip;
  constexpr const char* kRule = R"({post: "/v1" body: "*"})";
  EXPECT_EQ(read(kRule, "/v1", value_or_throw(gzip(R"({"text": "a"})")))->text(), "a");
  EXPECT_FALSE(read(kRule, "/v1", value_or_throw(gzip(R"({"text": ")" + std::string(200, 'x') + "\"}"))));
  EXPECT_EQ(status_, 413);
  EXPECT_EQ(read(kRule, "/v1", "no gzip").error().code(), Code::invalid_argument);
  EXPECT_EQ(status_, 0);
}

TEST(ResponseBodyTest, IsTheFieldThatTheRuleNames) {
  struct Kept final : MessageWriter {
    Result<void> write(const google::protobuf::Message& message) override {
      text = message.ShortDebugString();
      return {};
    }
    std::string text;
  };
  Everything message;
  message.mutable_inner()->set_text("a");
  for (const auto& [rule, text] : {std::pair{R"({get: "/v1"})", R"(inner { text: "a" })"},
                                   {R"({get: "/v1" response_body: "inner"})", R"(text: "a")"},
                                   {R"({get: "/v1" response_body: "other"})", ""}}) {
    auto service = service_with(rule);
    const auto bindings = value_or_throw(rest_bindings(*service.methods()[0].descriptor));
    Kept kept;
    EXPECT_TRUE(ResponseBody(bindings[0], kept).write(message));
    EXPECT_EQ(kept.text, text);
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
