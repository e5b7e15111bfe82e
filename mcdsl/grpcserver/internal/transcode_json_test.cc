#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "mcdsl/grpcserver/internal/everything_for_test.pb.h"
#include "mcdsl/grpcserver/internal/transcode.h"

namespace mcdsl::grpcserver {
namespace {

using test::Everything;
using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view json, std::size_t max_depth = 100) {
  Everything message;
  const auto read = read_json(message, json, max_depth);
  if (read) {
    return "";
  }
  EXPECT_EQ(read.error().code(), Code::invalid_argument);
  EXPECT_EQ(read.error().message(), read.error().public_text());
  return read.error().message();
}

// {"inner":{"inner":...}} of that many objects.
std::string nested(std::size_t depth) {
  std::string json;
  for (std::size_t i = 1; i < depth; ++i) {
    json += R"({"inner":)";
  }
  return json + std::string("{}") + std::string(depth - 1, '}');
}

TEST(ReadJson, TakesEveryKindOfField) {
  Everything message;
  const auto read = read_json(message, R"({
    "small": -7, "large": "9223372036854775807", "smallNatural": 7, "real": "NaN", "flag": true, "text": "gr\u00fc\u00df",
    "data": "-_-_", "color": "COLOR_BLUE", "inner": {"large_natural": 7}, "numbers": [1, 2], "many": [{}, {"text": "x"}],
    "labels": {"a": "b"}, "left": "l", "at": "1970-01-01T00:00:07Z", "wait": "1.5s", "mask": "text,smallNatural",
    "maybeNumber": "7", "maybeText": null, "flags": [true], "object": {"a": [1, null]}, "present": 0, "other-name": "n",
    "any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}})");
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(message.small(), -7);
  EXPECT_EQ(message.large(), 9223372036854775807);
  EXPECT_EQ(message.text(), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(message.data(), "\xfb\xff\xbf");
  EXPECT_EQ(message.inner().large_natural(), 7U);
  EXPECT_EQ(message.many_size(), 2);
  EXPECT_EQ(message.labels().at("a"), "b");
  EXPECT_EQ(message.at().seconds(), 7);
  EXPECT_EQ(message.maybe_number().value(), 7);
  EXPECT_FALSE(message.has_maybe_text());
  EXPECT_TRUE(message.has_present());
  EXPECT_EQ(message.renamed(), "n");
}

TEST(ReadJson, ReplacesWhatTheMessageHeld) {
  Everything message;
  message.set_text("old");
  ASSERT_TRUE(read_json(message, R"({"small": 1})").has_value());
  EXPECT_EQ(message.text(), "");
}

TEST(ReadJson, SaysWhereAndWhatIsWrong) {
  for (const auto& [json, error] :
       {std::pair<std::string_view, std::string_view>{R"({"nope":1})", "nope: unknown field"},
        {R"({"inner":{"nope":1}})", "inner.nope: unknown field"},
        {R"({"many":[{},{"nope":1}]})", "many[1].nope: unknown field"},
        {R"({"small":"x"})", "small: not a valid int32"},
        {R"({"inner":{"smallNatural":-1}})", "inner.small_natural: not a valid uint32"},
        {R"({"color":"GREEN"})", "color: not a valid mcdsl.grpcserver.test.Color"},
        {R"({"inner":7})", "inner: not a valid mcdsl.grpcserver.test.Everything"},
        {R"({"text":{}})", "text: want no object"},
        {R"({"text":["a"]})", "text: want no array"},
        {R"([])", "not a valid mcdsl.grpcserver.test.Everything"},
        {R"(7)", "not a valid mcdsl.grpcserver.test.Everything"},
        {R"(null)", "not a valid mcdsl.grpcserver.test.Everything"}}) {
    EXPECT_EQ(refusal(json), error) << json;
  }
}

TEST(ReadJson, NeverQuotesAValue) {
  for (const std::string_view json :
       {R"({"small":"hunter2"})", R"({"color":"hunter2"})", R"({"at":"hunter2"})", R"({"wait":"hunter2"})",
        R"({"data":"hunter2!"})", R"({"inner":"hunter2"})", R"({"numbers":["hunter2"]})", R"({"flag":"hunter2"})",
        R"({"small":"hunter2 for type TYPE_INT32"})", R"({"small":"): Cannot find field. hunter2"})",
        R"({"any":{"@type":"hunter2"}})", R"({"left":"hunter2","right":1})", R"({"text":"hunter2)", R"("hunter2")"}) {
    EXPECT_NE(refusal(json), "") << json;
    EXPECT_THAT(refusal(json), Not(HasSubstr("hunter2"))) << json;
  }
}

TEST(ReadJson, RefusesWhatIsNoJsonToTheLetter) {
  for (const std::string_view json :
       {"", " ", "{", "{'text':'a'}", "{text:\"a\"}", R"({"text":"a",})", R"({"numbers":[1,]})", R"({"text":"a"} x)",
        R"({"text":"a"}{})", R"({"small":01})", R"({"real":NaN})", R"({"real":1e999})", "{\"text\":\"a\nb\"}",
        R"({"text":"\ud800"})", R"(/**/{})"}) {
    EXPECT_THAT(refusal(json), HasSubstr("malformed JSON at byte ")) << json;
  }
  EXPECT_EQ(refusal("{\"text\":\"\xff\"}"), "the JSON document is not valid UTF-8");
}

TEST(ReadJson, RefusesAFieldThatIsThereTwice) {
  EXPECT_EQ(refusal(R"({"text":"a","small":1,"text":"b"})"), "text: the field is there twice");
  EXPECT_EQ(refusal(R"({"inner":{"text":"a","\u0074ext":"b"}})"), "text: the field is there twice");
  EXPECT_EQ(refusal(R"({"text":"a","inner":{"text":"b"},"many":[{"text":"c"},{"text":"d"}]})"), "");
}

TEST(ReadJson, BoundsTheDepth) {
  EXPECT_EQ(refusal(nested(10), 10), "");
  EXPECT_EQ(refusal(nested(11), 10), "nested deeper than 10 levels");
  EXPECT_EQ(refusal(R"({"object":{"a":[[[]]]}})", 4), "nested deeper than 4 levels");
  EXPECT_EQ(refusal(nested(100)), "");
}

TEST(ReadJson, SurvivesDepthThatWouldExhaustTheStack) {
  const std::string open(1'000'000, '[');
  EXPECT_EQ(refusal(open), "nested deeper than 100 levels");
  EXPECT_EQ(refusal(R"({"object":{"a":)" + open), "nested deeper than 100 levels");
}

TEST(ReadJson, RefusesWhatTheWireFormatWouldNotReadBack) {
  // Each array of a Struct is two messages more, and protobuf reads a hundred at most.
  EXPECT_NE(refusal(R"({"object":{"a":)" + std::string(90, '[') + std::string(90, ']') + "}}"), "");
}

TEST(WriteJson, NamesFieldsInCamelCase) {
  Everything message;
  message.set_small_natural(7);
  message.set_large(7);
  message.set_renamed("x");
  const auto json = write_json(message, /*with_defaults=*/false);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(*json, R"({"large":"7","smallNatural":7,"other-name":"x"})");
}

TEST(WriteJson, ShowsDefaultsWhereTheyAreWanted) {
  const Everything message;
  const auto json = write_json(message);
  ASSERT_TRUE(json.has_value());
  for (const std::string_view field : {R"("small":0)", R"("text":"")", R"("flag":false)", R"("numbers":[])",
                                       R"("color":"COLOR_UNSPECIFIED")", R"("labels":{})"}) {
    EXPECT_THAT(*json, HasSubstr(field));
  }
  for (const std::string_view field : {"left", "present", "maybeNumber"}) {
    EXPECT_THAT(*json, Not(HasSubstr(field))) << "what is not set is not a default";
  }
  EXPECT_EQ(write_json(message, /*with_defaults=*/false).value(), "{}");
}

TEST(WriteJson, IsReadBackAsTheSameMessage) {
  Everything message;
  ASSERT_TRUE(
      read_json(message,
                R"({"data":"AP8","inner":{"real":0.1},"labels":{"a":"<\u2028>"},"right":0,"wait":"0.000000001s"})")
          .has_value());
  for (const bool with_defaults : {true, false}) {
    Everything back;
    ASSERT_TRUE(read_json(back, write_json(message, with_defaults).value()).has_value());
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(message, back)) << with_defaults;
  }
}

TEST(WriteJson, FailsForWhatTheMappingCannotSay) {
  google::protobuf::Timestamp far;
  far.set_seconds(std::int64_t{1} << 60U);
  const auto json = write_json(far);
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().code(), Code::internal);
  EXPECT_EQ(json.error().public_text(), "internal error");
}

}  // namespace
}  // namespace mcdsl::grpcserver
