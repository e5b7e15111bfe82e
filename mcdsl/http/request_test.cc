#include "mcdsl/http/request.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

Request request_for(std::string_view target) {
  Request request;
  request.start(Method::get, target);
  return request;
}

Request request_with(std::string_view name, std::string_view value) {
  Request request = request_for("/");
  request.mutable_headers().add(name, value);
  return request;
}

std::optional<std::string> query_param(std::string_view target, std::string_view name) {
  return value_or_throw(request_for(target).query_param(name));
}

TEST(Request, SplitsTheTargetAtTheFirstQuestionMark) {
  EXPECT_EQ(request_for("/a%20b?x=1?y").path(), "/a%20b");
  EXPECT_EQ(request_for("/a%20b?x=1?y").query(), "x=1?y");
  EXPECT_EQ(request_for("/a").query(), "");
  EXPECT_EQ(request_for("/a?").path(), "/a");
  EXPECT_EQ(request_for("*").path(), "*");
}

TEST(Request, StartForgetsTheRequestBefore) {
  Request request = request_with("x", "y");
  const Handler handler;
  request.mutable_body() = "body";
  request.set_route("/{a}");
  request.add_param("a", "1");
  request.set_handler(&handler);
  request.set(7);
  request.start(Method::post, "/b");
  EXPECT_EQ(request.method(), Method::post);
  EXPECT_TRUE(request.headers().empty());
  EXPECT_EQ(request.body(), "");
  EXPECT_EQ(request.route(), "");
  EXPECT_EQ(request.handler(), nullptr);
  EXPECT_EQ(request.get<int>(), nullptr);
  EXPECT_THROW((void)request.param("a"), Exception);
}

TEST(Request, DecodesQueryParametersAsFormsDo) {
  EXPECT_EQ(query_param("/?a=1+2%2B3&b=", "a"), "1 2+3");
  EXPECT_EQ(query_param("/?a=1+2%2B3&b=", "b"), "");
  EXPECT_EQ(query_param("/?a", "a"), "");
  EXPECT_EQ(query_param("/?%61=x&a=y", "a"), "x");
  EXPECT_EQ(query_param("/?&&a=%C3%A9", "a"), "\xC3\xA9");
  EXPECT_EQ(query_param("/?ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_param("/?%zz=1&a=2", "a"), "2");
}

TEST(Request, RefusesAMalformedQueryParameterByName) {
  for (const std::string_view target : {"/?a=%", "/?a=%4", "/?a=%zz", "/?a=%00", "/?a=%ff"}) {
    const auto value = request_for(target).query_param("a");
    ASSERT_FALSE(value) << target;
    EXPECT_EQ(value.error().code(), Code::invalid_argument);
    EXPECT_EQ(value.error().public_text(), "query parameter \"a\" is not valid UTF-8 in percent encoding");
  }
}

TEST(Request, ReadsQueryNumbersWithinTheirRange) {
  EXPECT_EQ(request_for("/?n=5").query_number("n", 1, 0, 10), 5);
  EXPECT_EQ(request_for("/?n=-5").query_number("n", 1, -5, 10), -5);
  EXPECT_EQ(request_for("/").query_number("n", 1, 0, 10), 1);
  for (const std::string_view target : {"/?n=", "/?n=11", "/?n=-1", "/?n=5x", "/?n=%205", "/?n=99999999999999999999"}) {
    const auto number = request_for(target).query_number("n", 1, 0, 10);
    ASSERT_FALSE(number) << target;
    EXPECT_EQ(number.error().public_text(), "query parameter \"n\" must be a whole number from 0 to 10");
  }
}

TEST(Request, FindsABearerToken) {
  EXPECT_EQ(request_with("authorization", "Bearer abc.d-e").bearer_token(), "abc.d-e");
  EXPECT_EQ(request_with("authorization", "bEARER abc").bearer_token(), "abc");
  EXPECT_EQ(request_with("authorization", "Bearer   abc").bearer_token(), "abc");
}

TEST(Request, FindsNoBearerTokenWhereThereIsNone) {
  EXPECT_EQ(request_for("/").bearer_token(), std::nullopt);
  for (const std::string_view value : {"", "Bearer", "Bearer ", "Bearer   ", "Bearerabc", "Basic YTpi"}) {
    EXPECT_EQ(request_with("authorization", value).bearer_token(), std::nullopt) << value;
  }
}

TEST(Request, TakesNoTokenFromTwoAuthorizationFields) {
  Request request = request_with("authorization", "Bearer one");
  request.mutable_headers().add("authorization", "Bearer two");
  EXPECT_EQ(request.bearer_token(), std::nullopt);
}

TEST(Request, NamesTheRouteThatLacksAParameter) {
  Request request = request_for("/a");
  request.set_route("/{slug}");
  request.add_param("slug", "a");
  EXPECT_EQ(request.param("slug"), "a");
  try {
    (void)request.param("slgu");
    ADD_FAILURE() << "found";
  } catch (const Exception& refused) {
    EXPECT_STREQ(refused.what(), "route \"/{slug}\" has no parameter \"slgu\"");
  }
}

TEST(Request, KeepsOneAttributeOfEachType) {
  Request request = request_for("/");
  EXPECT_EQ(request.get<std::string>(), nullptr);
  request.set(std::string("a"));
  request.set(7);
  ASSERT_NE(request.get<std::string>(), nullptr);
  EXPECT_EQ(*request.get<std::string>(), "a");
  EXPECT_EQ(*request.get<int>(), 7);
  request.set(std::string("b"));
  EXPECT_EQ(*request.get<std::string>(), "b");
}

TEST(PercentEncoding, DecodesEscapesOnly) {
  EXPECT_EQ(percent_decode("a%2Fb%2fc+d"), "a/b/c+d");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentEncoding, RefusesWhatIsNoText) {
  for (const std::string_view text : {"%", "%a", "%0g", "a%2", "%00", "%ff", "%C3", "%ED%A0%80", "%%32"}) {
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
  }
  for (const bool plus : {false, true}) {
    EXPECT_EQ(percent_decode({"a\0b", 3}, plus), std::nullopt);
  }
}

TEST(PercentEncoding, EncodesAllButTheUnreservedAndReadsItBack) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b c?\xC3\xA9%"), "a%2Fb%20c%3F%C3%A9%25");
  EXPECT_EQ(percent_decode(percent_encode("a/b c+?\xC3\xA9%")), "a/b c+?\xC3\xA9%");
}

TEST(Method, ParsesItsOwnNamesInTheirCaseOnly) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    const auto method = static_cast<Method>(i);
    EXPECT_EQ(parse_method(name(method)), method);
  }
  EXPECT_EQ(parse_method("get"), std::nullopt);
  EXPECT_EQ(parse_method("TRACE"), std::nullopt);
  EXPECT_TRUE(is_safe(Method::head));
  EXPECT_FALSE(is_safe(Method::delete_));
}

}  // namespace
}  // namespace mcdsl::http
