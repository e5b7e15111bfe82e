#include "mcdsl/config/internal/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::config::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string repeat(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += piece;
  }
  return text;
}

std::string error_of(std::string_view text) {
  const auto document = parse_document(text);
  return document ? "" : document.error().message;
}

TEST(Document, KeepsTheOrderAndThePlacesOfTheFile) {
  const auto document = parse_document("z = 1\n\n[b]\n  é = 2\n");
  ASSERT_FALSE(document) << "a letter that is not ASCII needs quotes in a key (TOML 1.0, Keys)";
  EXPECT_EQ(document.error().at.line, 4U);

  const auto quoted = parse_document("z = 1\n\n[b]\n  \"é\" = [2, 3]\n\n[a]\n");
  ASSERT_TRUE(quoted);
  ASSERT_EQ(quoted->elements.size(), 3U);
  EXPECT_EQ(quoted->elements[0].key, "z");
  EXPECT_EQ(quoted->elements[1].key, "b");
  EXPECT_EQ(quoted->elements[2].key, "a");
  const Value& member = quoted->elements[1].elements.at(0);
  EXPECT_EQ(member.key_at.line, 4U);
  EXPECT_EQ(member.key_at.column, 3U);
  EXPECT_EQ(member.at.column, 9U);
  EXPECT_EQ(member.elements.at(1).at.column, 13U);
}

TEST(Document, ReadsEveryKindOfValue) {
  const auto document =
      parse_document("a=true\nb=-0x7\nc=1.5\nd=\"x\\u00e9\"\ne=1979-05-27\nf=[]\ng={}\nh='\\'\ni=inf\n");
  ASSERT_FALSE(document) << "hexadecimal numbers have no sign (TOML 1.0, Integer)";
  const auto valid = parse_document("a=true\nb=0x7\nc=1.5\nd=\"x\\u00e9\"\ne=1979-05-27\nf=[]\ng={}\nh='\\'\ni=inf\n");
  ASSERT_TRUE(valid);
  const std::vector<Kind> kinds = {Kind::boolean, Kind::integer, Kind::real, Kind::text, Kind::date,
                                   Kind::array,   Kind::table,   Kind::text, Kind::real};
  ASSERT_EQ(valid->elements.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(valid->elements[i].kind, kinds[i]) << valid->elements[i].key;
  }
  EXPECT_EQ(valid->elements[1].integer, 7);
  EXPECT_EQ(valid->elements[2].real, 1.5);
  EXPECT_EQ(valid->elements[3].text, "xé");
}

TEST(Document, RefusesWhatTheParserAssertsNeverHappens) {
  for (const std::string_view text :
       {"[.]", "[.a]", "[[.]]", "[=]", "[#]", "[{]", "a = [}", "a = [[}", "a = 1979-05-27 1\x0F"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(Document, RefusesLettersWhereTheParserSaysTheyAreUnreachable) {
  for (const std::string_view text :
       {"é", "\xCD\x86", "a = é", "a = 1 é", "[a]é", "\xEF\xBB\xBB = 1", "a = \"\"\"\\é\"\"\""}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(Document, ReadsALetterAfterALineContinuation) {
  const auto document = parse_document("a = \"\"\"x \\\n  é\"\"\"\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->elements.at(0).text, "x é");
}

TEST(Document, RefusesInvalidUtf8WithItsPlace) {
  for (const std::string_view bytes : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    const auto document = parse_document("a = 1\nb = \"" + std::string(bytes) + "\"\n");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().at.line, 2U) << document.error().message;
  }
}

TEST(Document, RefusesAKeyGivenTwice) {
  for (const std::string_view text :
       {"a=1\na=2", "[a]\n[a]", "a=1\n[a]", "[[a]]\n[a]", "a={b=1}\n[a.c]", "a.b=1\na.b=2"}) {
    EXPECT_THAT(error_of(text), ::testing::ContainsRegex("cannot|redefine")) << text;
  }
}

TEST(Document, NeverQuotesAValueInAnError) {
  for (const std::string_view text :
       {"k = trustno1", "k = 314159265358979323846", "k = infamous1", "k = fluffy99", "k = 9314159265e99999",
        "k = hunter22", "k = \"hunter22\\q\"", "k = 'hunter22\n"}) {
    const std::string error = error_of(text);
    EXPECT_NE(error, "") << text;
    for (const std::string_view secret : {"trustno", "314159", "infamous", "fluffy", "hunter"}) {
      EXPECT_THAT(error, Not(HasSubstr(secret))) << text;
    }
  }
}

TEST(Document, RefusesNestingThatCouldOverflowTheStack) {
  constexpr std::size_t kMany = 200'000;
  const std::vector<std::string> documents = {
      "a = " + repeat("[", kMany),
      "a = " + repeat("{a=", kMany),
      "a = " + repeat("[{a=", kMany),
      repeat("a.", kMany) + "a = 1",
      repeat("a . ", kMany) + "a = 1",
      repeat("\"a.b\".", kMany) + "a = 1",
      repeat("'#'.", kMany) + "a = 1",
      "[" + repeat("a.", kMany) + "a]",
      "[[" + repeat("a.", kMany) + "a]]",
      "a = {" + repeat("a.", kMany) + "a = 1}",
      "a = [{x = \"\"\"y\"\"\"\"\", " + repeat("a.", kMany) + "a = 1}]",
      "a = 'it' # isn't \"closed\n" + repeat("a.", kMany) + "a = 1",
      "a = \"\\\"\"\n" + repeat("a.", kMany) + "a = 1",
      "a = '''\n'' '''''\n" + repeat("a.", kMany) + "a = 1",
  };
  for (const std::string& text : documents) {
    EXPECT_THAT(error_of(text), ::testing::ContainsRegex("depth|parts")) << text.substr(0, 40);
  }
}

TEST(Document, CountsNoDotsInStringsCommentsAndNumbers) {
  const std::string dots = repeat("1.2 . ", 100);
  const std::string text = "# " + dots + "\na = \"" + dots + "\\\" " + dots + "\"\nb = '" + dots + "'\nc = \"\"\"\n" +
                           dots + "\n\"\" " + dots + "\"\"\"\nd = [" + repeat("1.5, ", 100) + "]\n" + repeat("e.", 31) +
                           "e = 1\n";
  EXPECT_EQ(error_of(text), "");
}

TEST(Document, SaysWhereAKeyGetsTooDeep) {
  const auto document = parse_document("a = 1\n" + repeat("a.", 33) + "a = 1");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().at.line, 2U);
  EXPECT_EQ(document.error().at.column, 64U);
}

}  // namespace
}  // namespace mcdsl::config::internal
