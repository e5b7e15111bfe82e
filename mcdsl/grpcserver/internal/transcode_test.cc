#include "mcdsl/grpcserver/internal/transcode.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "mcdsl/grpcserver/internal/closed_for_test.pb.h"
#include "mcdsl/grpcserver/internal/everything_for_test.pb.h"

namespace mcdsl::grpcserver {
namespace {

using test::Everything;
using testing::ElementsAre;

// The message with one field set, or the public text of the error.
Everything with(std::string_view path, std::string_view text) {
  Everything message;
  const auto set = set_field(message, path, text);
  EXPECT_TRUE(set.has_value()) << path << "=" << text << ": " << set.error().to_string();
  return message;
}

std::string refusal(const Result<void>& result) {
  if (result) {
    return "";
  }
  EXPECT_EQ(result.error().code(), Code::invalid_argument);
  return std::string(result.error().public_text());
}

std::string refusal(std::string_view path, std::string_view text) {
  Everything message;
  return refusal(set_field(message, path, text));
}

TEST(SetField, ReadsWholeNumbersToTheEndsOfTheirRange) {
  EXPECT_EQ(with("small", "-2147483648").small(), -2147483647 - 1);
  EXPECT_EQ(with("large", "9223372036854775807").large(), 9223372036854775807);
  EXPECT_EQ(with("small_natural", "4294967295").small_natural(), 4294967295U);
  EXPECT_EQ(with("large_natural", "18446744073709551615").large_natural(), 18446744073709551615U);
  EXPECT_EQ(with("zigzag", "-7").zigzag(), -7);
  EXPECT_EQ(with("fixed", "7").fixed(), 7U);
  EXPECT_EQ(with("signed_fixed", "-7").signed_fixed(), -7);
}

TEST(SetField, RefusesNumbersThatAreNoneOrOutOfRange) {
  EXPECT_EQ(refusal("small", "2147483648"), "small: want a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(refusal("small_natural", "-1"), "small_natural: want a whole number from 0 to 4294967295");
  for (const std::string_view text : {"", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "1,000", "--1", "٧"}) {
    EXPECT_NE(refusal("large", text), "") << text;
  }
}

TEST(SetField, ReadsRealNumbers) {
  EXPECT_EQ(with("real", "-1.5e3").real(), -1500);
  EXPECT_EQ(with("single", "0.5").single(), 0.5F);
  EXPECT_TRUE(std::isnan(with("real", "NaN").real()));
  EXPECT_EQ(with("single", "-Infinity").single(), -INFINITY);
  for (const std::string_view text :
       {"", "nan", "inf", "-inf", "infinity", ".5", "1e400", "1.5x", "+1", "-", "0x1p3"}) {
    EXPECT_EQ(refusal("real", text), "real: want a number") << text;
  }
  EXPECT_EQ(refusal("single", "1e39"), "single: want a number in the range of a float");
}

TEST(SetField, ReadsTrueAndFalseAlone) {
  EXPECT_TRUE(with("flag", "true").flag());
  EXPECT_FALSE(with("flag", "false").flag());
  for (const std::string_view text : {"", "1", "True", "yes", "true "}) {
    EXPECT_EQ(refusal("flag", text), "flag: want true or false") << text;
  }
}

TEST(SetField, ReadsTextThatIsUtf8) {
  EXPECT_EQ(with("text", "").text(), "");
  EXPECT_EQ(with("text", "gr\xc3\xbc\xc3\x9f dich").text(), "gr\xc3\xbc\xc3\x9f dich");
  EXPECT_EQ(refusal("text", "\xff"), "text: not valid UTF-8");
}

TEST(SetField, ReadsBytesInEitherBase64) {
  for (const std::string_view text : {"+/+/", "-_-_"}) {
    EXPECT_EQ(with("data", text).data(), "\xfb\xff\xbf") << text;
  }
  EXPECT_EQ(with("data", "Zg==").data(), "f");
  EXPECT_EQ(with("data", "Zg").data(), "f");
  for (const std::string_view text : {"!", "Z", "Zg=", "Zg===", "====", "Z=g="}) {
    EXPECT_EQ(refusal("data", text), "data: want base64") << text;
  }
}

TEST(SetField, ReadsEnumsByNameAndNumber) {
  EXPECT_EQ(with("color", "COLOR_BLUE").color(), test::COLOR_BLUE);
  EXPECT_EQ(with("color", "1").color(), test::COLOR_RED);
  EXPECT_EQ(static_cast<int>(with("color", "99").color()), 99) << "an enum of proto3 is open";
  EXPECT_EQ(refusal("color", "blue"), "color: want the name or number of a mcdsl.grpcserver.test.Color");

  test::Closed closed;
  EXPECT_TRUE(set_field(closed, "kind", "2").has_value());
  EXPECT_EQ(closed.kind(), test::Closed::TWO);
  EXPECT_NE(refusal(set_field(closed, "kind", "3")), "");
}

TEST(SetField, FindsFieldsByEitherNameAndWithinMessages) {
  EXPECT_EQ(with("smallNatural", "7").small_natural(), 7U);
  EXPECT_EQ(with("other-name", "x").renamed(), "x");
  EXPECT_EQ(with("renamed", "x").renamed(), "x");
  EXPECT_EQ(with("inner.inner.text", "deep").inner().inner().text(), "deep");
  EXPECT_TRUE(with("present", "0").has_present());
}

TEST(SetField, AppendsToWhatIsRepeated) {
  Everything message;
  for (const auto& [path, text] : {std::pair("numbers", "1"),
                                   {"tags", "a"},
                                   {"numbers", "2"},
                                   {"colors", "COLOR_RED"},
                                   {"tags", "a"},
                                   {"flags", "true"},
                                   {"times", "1970-01-01T00:00:07Z"}}) {
    ASSERT_TRUE(set_field(message, path, text).has_value()) << path;
  }
  EXPECT_THAT(message.numbers(), ElementsAre(1, 2));
  EXPECT_THAT(message.tags(), ElementsAre("a", "a"));
  EXPECT_THAT(message.colors(), ElementsAre(test::COLOR_RED));
  ASSERT_EQ(message.flags_size(), 1);
  EXPECT_TRUE(message.flags(0).value());
  ASSERT_EQ(message.times_size(), 1);
  EXPECT_EQ(message.times(0).seconds(), 7);
}

TEST(SetField, ReadsWrappersAsWhatTheyWrap) {
  EXPECT_EQ(with("maybe_number", "7").maybe_number().value(), 7);
  EXPECT_TRUE(with("maybe_text", "").has_maybe_text());
  EXPECT_EQ(with("maybeData", "Zg").maybe_data().value(), "f");
  EXPECT_EQ(refusal("maybe_number", "x"),
            "maybe_number: want a whole number from -9223372036854775808 to 9223372036854775807");
}

TEST(SetField, ReadsTimesDurationsAndMasksAsJsonWritesThem) {
  EXPECT_EQ(with("at", "1970-01-01T01:00:00.5+01:00").at().nanos(), 500'000'000);
  EXPECT_EQ(with("wait", "-1.5s").wait().seconds(), -1);
  EXPECT_THAT(with("mask", "text,smallNatural").mask().paths(), ElementsAre("text", "small_natural"));
  EXPECT_EQ(refusal("at", "yesterday"), "at: want a time like 2026-01-31T12:00:00Z");
  EXPECT_EQ(refusal("at", "\",\"x"), "at: want a time like 2026-01-31T12:00:00Z");
  EXPECT_EQ(refusal("wait", "5"), "wait: want seconds like 1.5s");
  EXPECT_EQ(refusal("wait", "\xff"), "wait: not valid UTF-8");
}

TEST(SetField, SaysWhichNameOfAPathIsWrong) {
  EXPECT_EQ(refusal("", "x"), ": unknown field");
  EXPECT_EQ(refusal("nope", "x"), "nope: unknown field");
  EXPECT_EQ(refusal("inner.nope.text", "x"), "inner.nope: unknown field");
  EXPECT_EQ(refusal("inner.", "x"), "inner.: unknown field");
  EXPECT_EQ(refusal("inner..text", "x"), "inner.: unknown field");
  EXPECT_EQ(refusal("text.x", "x"), "text: has no fields of its own");
  EXPECT_EQ(refusal("many.text", "x"), "many: is repeated, and nothing within it can be named here");
  EXPECT_EQ(refusal("numbers.x", "x"), "numbers: is repeated, and nothing within it can be named here");
  EXPECT_EQ(refusal("labels.key", "x"), "labels: is a map, whose entries cannot be named here");
  EXPECT_EQ(refusal("a\nb", "x"), "a\\x0ab: unknown field");
}

TEST(SetField, RefusesMessagesAndMapsAsAWhole) {
  EXPECT_EQ(refusal("inner", "{}"), "inner: is a message: name one of its fields");
  EXPECT_EQ(refusal("many", "{}"), "many: is a message: name one of its fields");
  EXPECT_EQ(refusal("object", "{}"), "object: is a message: name one of its fields");
  EXPECT_EQ(refusal("any", "{}"), "any: is a message: name one of its fields");
  EXPECT_EQ(refusal("labels", "a"), "labels: is a map, which cannot be given here");
}

TEST(SetField, BoundsTheDepthOfAPath) {
  std::string path;
  for (int i = 0; i < 31; ++i) {
    path += "inner.";
  }
  EXPECT_EQ(refusal(path + "text", "x"), "");
  EXPECT_THAT(refusal(path + "inner.text", "x"), testing::HasSubstr("more than 32 names"));
}

TEST(SetField, RefusesASecondFieldOfAOneof) {
  Everything message;
  ASSERT_TRUE(set_field(message, "left", "a").has_value());
  EXPECT_TRUE(set_field(message, "left", "b").has_value());
  EXPECT_EQ(refusal(set_field(message, "right", "1")), "right: cannot be given together with left");
  EXPECT_EQ(refusal(set_field(message, "other.text", "1")), "other.text: cannot be given together with left");
  EXPECT_EQ(message.left(), "b");
}

TEST(FindField, GivesTheLastFieldOfAPath) {
  const auto field = find_field(*Everything::descriptor(), "inner.otherNumbers");
  EXPECT_FALSE(field.has_value());
  const auto numbers = find_field(*Everything::descriptor(), "inner.numbers");
  ASSERT_TRUE(numbers.has_value());
  EXPECT_EQ((*numbers)->full_name(), "mcdsl.grpcserver.test.Everything.numbers");
}

TEST(ApplyQuery, SetsFieldsDecodedAsAFormIs) {
  Everything message;
  const auto applied = apply_query(message, "text=a+b%26c%3D%2B&&inner.smallNatural=7&numbers=1&numbers=2&tags=&tags");
  ASSERT_TRUE(applied.has_value()) << applied.error().to_string();
  EXPECT_EQ(message.text(), "a b&c=+");
  EXPECT_EQ(message.inner().small_natural(), 7U);
  EXPECT_THAT(message.numbers(), ElementsAre(1, 2));
  EXPECT_THAT(message.tags(), ElementsAre("", ""));

  Everything untouched;
  EXPECT_TRUE(apply_query(untouched, "").has_value());
  EXPECT_EQ(untouched.ByteSizeLong(), 0U);
}

TEST(ApplyQuery, SplitsAtTheFirstEqualsSign) {
  Everything message;
  ASSERT_TRUE(apply_query(message, "text=a=b").has_value());
  EXPECT_EQ(message.text(), "a=b");
}

TEST(ApplyQuery, RefusesWhatIsUnknownBrokenOrThereTwice) {
  for (const auto& [query, error] : {std::pair<std::string_view, std::string_view>{"nope=1", "nope: unknown field"},
                                     {"flag", "flag: want true or false"},
                                     {"=x", ": unknown field"},
                                     {"text=%", "the query has a broken escape, NUL or malformed UTF-8"},
                                     {"text=%ff", "the query has a broken escape, NUL or malformed UTF-8"},
                                     {"te%zzxt=a", "the query has a broken escape, NUL or malformed UTF-8"},
                                     {"text=a&text=a", "text: is there twice"},
                                     {"small_natural=1&smallNatural=2", "smallNatural: is there twice"},
                                     {"left=a&right=1", "right: cannot be given together with left"}}) {
    Everything message;
    EXPECT_EQ(refusal(apply_query(message, query)), error) << query;
  }
}

TEST(ApplyQuery, LeavesToPathAndBodyWhatIsTheirs) {
  const std::vector<std::string> bound{"inner", "small_natural", "other.text"};
  for (const std::string_view query : {"inner.text=x", "smallNatural=1", "small_natural=1", "other.text=x"}) {
    Everything message;
    EXPECT_THAT(refusal(apply_query(message, query, bound)), testing::HasSubstr("comes from the path or the body"))
        << query;
  }
  Everything message;
  EXPECT_TRUE(apply_query(message, "small=1&text=x&other.small=1", bound).has_value());

  const std::vector<std::string> part{"at.seconds"};
  EXPECT_NE(refusal(apply_query(message, "at=2026-01-01T00:00:00Z", part)), "");
}

}  // namespace
}  // namespace mcdsl::grpcserver
