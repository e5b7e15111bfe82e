#include "mcdsl/json/decode.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::json {
namespace {

struct Author {
  std::string name;
  std::optional<int> born;

  void bind(Fields& fields) {
    fields.required("name", name);
    fields.optional("born", born);
  }
};

struct Note {
  std::string slug;
  bool read = false;
  std::int64_t stars = 3;
  std::vector<std::string> tags;
  std::vector<Author> authors;
  std::map<std::string, std::uint8_t> marks;

  void bind(Fields& fields) {
    fields.required("slug", slug);
    fields.optional("read", read);
    fields.optional("stars", stars);
    fields.optional("tags", tags);
    fields.optional("authors", authors);
    fields.optional("marks", marks);
  }
};

struct Login {
  std::string username;
  Secret password;

  void bind(Fields& fields) {
    fields.required("username", username);
    fields.required("password", password);
  }
};

struct Branch {
  std::vector<Branch> branches;

  void bind(Fields& fields) { fields.optional("branches", branches); }
};

// The error of a document that must be refused; checks that it is the client's and may be shown to it.
template <class T>
std::string refusal(std::string_view text, DecodeOptions options = {}) {
  const auto result = decode<T>(text, options);
  if (result) {
    return "accepted";
  }
  EXPECT_EQ(result.error().code(), Code::invalid_argument);
  EXPECT_EQ(result.error().public_text(), result.error().message());
  return result.error().message();
}

template <class T>
T accepted(std::string_view text, DecodeOptions options = {}) {
  return value_or_throw(decode<T>(text, options));
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonDecode, FillsEveryKindOfField) {
  const auto note = accepted<Note>(R"({"slug": "a\u00e9\"", "read": true, "stars": -7, "tags": ["x", "y"],
      "authors": [{"name": "Ann", "born": 1970}, {"name": "Bob", "born": null}, {"name": "Cy"}],
      "marks": {"style": 255, "speed": 0}})");
  EXPECT_EQ(note.slug, "a\xC3\xA9\"");
  EXPECT_TRUE(note.read);
  EXPECT_EQ(note.stars, -7);
  EXPECT_EQ(note.tags, (std::vector<std::string>{"x", "y"}));
  ASSERT_EQ(note.authors.size(), 3U);
  EXPECT_EQ(note.authors[0].born, 1970);
  EXPECT_EQ(note.authors[1].born, std::nullopt);
  EXPECT_EQ(note.authors[2].name, "Cy");
  EXPECT_EQ(note.marks, (std::map<std::string, std::uint8_t>{{"speed", 0}, {"style", 255}}));
}

TEST(JsonDecode, LeavesDefaultsWhereAnOptionalFieldIsAbsent) {
  const auto note = accepted<Note>(R"({"slug": "a"})");
  EXPECT_EQ(note.stars, 3);
  EXPECT_TRUE(note.tags.empty());
}

TEST(JsonDecode, ReadsValuesThatAreNotObjects) {
  EXPECT_EQ(accepted<double>("-1.5e3"), -1500.0);
  EXPECT_EQ(accepted<double>("7"), 7.0);
  EXPECT_EQ(accepted<double>("-7"), -7.0);
  EXPECT_EQ(accepted<std::vector<bool>>("[true,false]"), (std::vector<bool>{true, false}));
  EXPECT_EQ(accepted<std::optional<std::string>>("null"), std::nullopt);
  EXPECT_EQ(accepted<std::string>(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
}

TEST(JsonDecode, ReadsIntegersToTheEndsOfTheirRanges) {
  EXPECT_EQ(accepted<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(accepted<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(accepted<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(accepted<std::int8_t>("-128"), -128);
}

TEST(JsonDecode, RefusesNumbersThatAreNotWholeOrOutOfRange) {
  EXPECT_EQ(refusal<std::uint8_t>("256"), "want a whole number from 0 to 255");
  EXPECT_EQ(refusal<std::uint8_t>("-1"), "want a whole number from 0 to 255");
  EXPECT_EQ(refusal<std::int8_t>("-129"), "want a whole number from -128 to 127");
  EXPECT_EQ(refusal<std::int8_t>("128"), "want a whole number from -128 to 127");
  EXPECT_EQ(refusal<int>("1.0"), "want a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(refusal<int>("1e3"), "want a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(refusal<std::int64_t>("9223372036854775808"),
            "want a whole number from -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(refusal<std::uint64_t>("18446744073709551616"), "want a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal<int>("\"7\""), "want a whole number, found a string");
  EXPECT_NE(refusal<double>("1e999"), "accepted");
}

TEST(JsonDecode, NamesTheTypeThatItWantedAndTheOneItFound) {
  EXPECT_EQ(refusal<bool>("1"), "want a boolean, found a number");
  EXPECT_EQ(refusal<double>("true"), "want a number, found a boolean");
  EXPECT_EQ(refusal<std::string>("null"), "want a string, found null");
  EXPECT_EQ(refusal<std::vector<int>>("{}"), "want an array, found an object");
  EXPECT_EQ((refusal<std::map<std::string, int>>("[]")), "want an object, found an array");
  EXPECT_EQ(refusal<Note>("[]"), "want an object, found an array");
}

TEST(JsonDecode, NamesThePathOfWhatIsWrong) {
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "tags": ["x", "y", 3]})"), "tags[2]: want a string, found a number");
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "authors": [{"name": "A"}, {"name": []}]})"),
            "authors[1].name: want a string, found an array");
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "marks": {"style": 5, "speed": 500}})"),
            "marks.speed: want a whole number from 0 to 255");
  EXPECT_EQ(refusal<std::vector<std::vector<int>>>("[[1],[2,null]]"), "[1][1]: want a whole number, found null");
}

TEST(JsonDecode, RefusesAMissingField) {
  EXPECT_EQ(refusal<Note>("{}"), "slug: the field is missing");
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "authors": [{}]})"), "authors[0].name: the field is missing");
}

TEST(JsonDecode, RefusesAnUnknownFieldUnlessToldOtherwise) {
  constexpr std::string_view kText = R"({"slug": "a", "authors": [{"name": "A", "nmae": "B"}]})";
  EXPECT_EQ(refusal<Note>(kText), "authors[0].nmae: unknown field");
  EXPECT_EQ(accepted<Note>(kText, {.allow_unknown_fields = true}).authors.at(0).name, "A");
}

TEST(JsonDecode, RefusesAFieldThatIsThereTwice) {
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "slug": "b"})"), "slug: the field is there twice");
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "authors": [{"name": "A", "n\u0061me": "B"}]})"),
            "authors[0].name: the field is there twice");
  EXPECT_EQ(refusal<Note>(R"({"slug": "a", "unbound": {"x": 1, "x": 2}})", {.allow_unknown_fields = true}),
            "unbound.x: the field is there twice");
}

TEST(JsonDecode, ReportsTheFirstOfSeveralErrors) {
  EXPECT_EQ(refusal<Note>(R"({"slug": 1, "read": 2})"), "slug: want a string, found a number");
}

// Each of these takes minutes where the cost of a mistake grows with the size of the document.
TEST(JsonDecode, RefusesDocumentsFullOfMistakes) {
  constexpr int kCount = 200'000;
  std::string fields = R"({"slug": "a")";
  std::string elements = R"({"slug": "a", "tags": [0)";
  for (int i = 0; i < kCount; ++i) {
    fields += ", \"x" + std::to_string(i) + "\": 0";
    elements += ",0";
  }
  EXPECT_EQ(refusal<Note>(fields + "}"), "x0: unknown field");
  EXPECT_EQ(refusal<Note>(elements + "]}"), "tags[0]: want a string, found a number");
  EXPECT_EQ(refusal<Note>(fields + R"(, "x7": 1})"), "x7: the field is there twice");
}

TEST(JsonDecode, RefusesMalformedTextWithItsPlace) {
  EXPECT_EQ(refusal<Note>(""), "malformed JSON at byte 0");
  EXPECT_EQ(refusal<Note>(R"({"slug":})"), "malformed JSON at byte 8");
  EXPECT_EQ(refusal<Note>(R"({"slug":"a"} x)"), "malformed JSON at byte 13");
  EXPECT_EQ(refusal<Note>(R"({"slug":"a")"), "malformed JSON at byte 11");
  EXPECT_NE(refusal<std::vector<int>>("[1,]"), "accepted");
  EXPECT_NE(refusal<std::vector<int>>("[1] // one"), "accepted");
  EXPECT_NE(refusal<std::vector<int>>("[01]"), "accepted");
  EXPECT_NE(refusal<double>("NaN"), "accepted");
  EXPECT_NE(refusal<std::string>("'a'"), "accepted");
  EXPECT_NE(refusal<std::string>("\"a\nb\""), "accepted");
}

TEST(JsonDecode, RefusesTextThatIsNotUtf8) {
  EXPECT_EQ(refusal<std::string>("\"\xC3(\""), "the JSON document is not valid UTF-8");
  EXPECT_EQ(refusal<std::string>("\"\xED\xA0\x80\""), "the JSON document is not valid UTF-8");
  EXPECT_NE(refusal<std::string>(R"("\ud83d")"), "accepted") << "half a surrogate pair";
}

TEST(JsonDecode, RefusesNestingPastTheLimit) {
  EXPECT_EQ(refusal<Branch>(nested(33)), "nested deeper than 32 levels");
  EXPECT_EQ(refusal<Branch>(nested(32)), "want an object, found an array");
  EXPECT_EQ(refusal<Branch>(nested(1'000'000)), "nested deeper than 32 levels");
  EXPECT_EQ(refusal<Branch>(std::string(1'000'000, '[')), "nested deeper than 32 levels");
}

TEST(JsonDecode, FollowsTheDeepestNestingItAllows) {
  constexpr std::size_t kObjects = 128;
  std::string text;
  for (std::size_t i = 0; i < kObjects; ++i) {
    text += R"({"branches":[)";
  }
  for (std::size_t i = 0; i < kObjects; ++i) {
    text += "]}";
  }
  EXPECT_EQ(accepted<Branch>(text, {.max_depth = 2 * kObjects}).branches.size(), 1U);
  EXPECT_THROW((void)decode<Branch>("{}", {.max_depth = 257}), Exception);
}

TEST(JsonDecode, NeverQuotesAValue) {
  EXPECT_EQ(accepted<Login>(R"({"username": "ann", "password": "hunter2"})").password.reveal(), "hunter2");
  for (const std::string_view text : {
           R"({"username": "ann", "password": ["hunter2"]})",
           R"({"username": ["hunter2"], "password": "hunter2"})",
           R"({"username": "ann", "password": "hunter2)",
           R"({"username": "ann", "password": "hunter2" "x"})",
           R"({"username": "ann", "password": "hunter2\q"})",
           R"({"password": "hunter2"})",
       }) {
    EXPECT_FALSE(refusal<Login>(text).contains("hunter2")) << text;
  }
}

TEST(JsonDecode, KeepsForeignNamesPrintableAndShort) {
  EXPECT_EQ(refusal<Author>(R"({"name": "A", "x\n\u001b[31m": 1})"), "x\\x0a\\x1b[31m: unknown field");
  const std::string error = refusal<Author>(R"({"name": "A", ")" + std::string(10'000, 'n') + R"(": 1})");
  EXPECT_LT(error.size(), 200U);
}

}  // namespace
}  // namespace mcdsl::json
