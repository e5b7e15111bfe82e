#include "mcdsl/http/form.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Request posted(const std::vector<std::string_view>& content_types, std::string_view body) {
  Request request;
  request.start(Method::post, "/login");
  for (const std::string_view type : content_types) {
    request.mutable_headers().add("content-type", type);
  }
  request.mutable_body() = body;
  return request;
}

std::string refusal(std::string_view text) {
  const auto form = Form::parse(text);
  return form ? "" : std::string(form.error().public_text());
}

TEST(Form, ReadsWhatABrowserSends) {
  const Form form = Form::parse("user=Zo%C3%AB+B&password=a%26b%3Dc%25%2B&empty=&alone&=nameless").value();
  EXPECT_EQ(form.get("user"), "Zo\xC3\xAB B");
  EXPECT_EQ(form.get("password"), "a&b=c%+");
  EXPECT_EQ(form.get("empty"), "");
  EXPECT_EQ(form.get("alone"), "");
  EXPECT_EQ(form.get(""), "nameless");
  EXPECT_EQ(form.fields().size(), 5U);
  EXPECT_EQ(Form::parse("a=b=c").value().get("a"), "b=c");
  EXPECT_TRUE(Form::parse("").value().fields().empty());
  EXPECT_TRUE(Form::parse("&&").value().fields().empty());
}

TEST(Form, RefusesTwoValuesWhereOneIsAskedFor) {
  const Form form = Form::parse("to=alice&to=bob&one=1").value();
  EXPECT_EQ(form.get("to").error().public_text(), "form field \"to\" is there more than once");
  EXPECT_EQ(form.find("to").error().code(), Code::invalid_argument);
  EXPECT_THAT(form.all("to"), ElementsAre("alice", "bob"));
  EXPECT_EQ(form.find("one").value(), "1");
  EXPECT_EQ(form.find("none").value(), std::nullopt);
  EXPECT_TRUE(form.all("none").empty());
  EXPECT_EQ(form.get("none").error().public_text(), "form field \"none\" is missing");
  EXPECT_EQ(form.get("none").error().code(), Code::invalid_argument);
}

TEST(Form, RefusesMalformedTextWithoutQuotingIt) {
  for (const std::string_view value :
       {"canary%", "canary%2", "canary%zz", "canary%00", "canary%FF", "canary%C3", "canary\xFF", "canary%ED%A0%80"}) {
    const std::string said = refusal("password=" + std::string(value));
    EXPECT_THAT(said, HasSubstr("form field \"password\" is not valid UTF-8")) << value;
    EXPECT_THAT(said, Not(HasSubstr("canary")));
  }
  EXPECT_THAT(refusal({"a=\0", 3}), HasSubstr("form field \"a\" is not valid"));
  EXPECT_THAT(refusal("a=1&%zz=2"), HasSubstr("the name of form field 2"));
}

TEST(Form, BoundsTheNumberOfFields) {
  std::string text;
  for (std::size_t i = 0; i < Form::kMaxFields; ++i) {
    text += "a&";
  }
  EXPECT_EQ(Form::parse(text).value().fields().size(), Form::kMaxFields);
  EXPECT_THAT(refusal(text + "a"), HasSubstr("may have 1000 fields"));
  EXPECT_FALSE(Form::parse("a=1&b=2", 1));
}

TEST(Form, IsOnlyReadFromABodyThatIsOne) {
  for (const std::string_view type :
       {"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=\"utf-8\""}) {
    EXPECT_EQ(Form::of(posted({type}, "a=1")).value().get("a"), "1") << type;
  }
  const std::string_view good = kFormType;
  for (const auto& types :
       std::vector<std::vector<std::string_view>>{{},
                                                  {good, good},
                                                  {"text/plain"},
                                                  {"application/json"},
                                                  {"multipart/form-data; boundary=x"},
                                                  {"application/x-www-form-urlencoded; charset=iso-8859-1"},
                                                  {"application/x-www-form-urlencoded; charset"},
                                                  {"application/x-www-form-urlencoded; charset=utf-8; charset=utf-7"},
                                                  {"application/x-www-form-urlencoded, text/plain"}}) {
    EXPECT_EQ(Form::of(posted(types, "a=1")).error().code(), Code::invalid_argument) << testing::PrintToString(types);
  }
}

}  // namespace
}  // namespace mcdsl::http
