#include "mcdsl/json/writer.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/json/decode.h"

namespace mcdsl::json {
namespace {

std::string in_json(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(JsonWriter, PutsCommasAndQuotesWhereTheyBelong) {
  Writer out;
  out.begin_object().field("a", 1).key("b").begin_array().value("x").value(true).null().begin_object().end_object();
  out.end_array().field("c", std::string("y")).key("d").begin_array().end_array().end_object();
  EXPECT_EQ(out.view(), R"({"a":1,"b":["x",true,null,{}],"c":"y","d":[]})");
  EXPECT_EQ(std::move(out).take(), R"({"a":1,"b":["x",true,null,{}],"c":"y","d":[]})");
}

TEST(JsonWriter, WritesNumbersSoThatTheyReadBack) {
  Writer out;
  out.begin_array();
  out.value(std::numeric_limits<std::int64_t>::min()).value(std::numeric_limits<std::uint64_t>::max());
  out.value(std::uint8_t{7}).value(0.1).value(-1e300);
  out.end_array();
  EXPECT_EQ(out.view(), "[-9223372036854775808,18446744073709551615,7,0.1,-1e+300]");
}

TEST(JsonWriter, WritesNullForNumbersThatJsonLacks) {
  Writer out;
  out.begin_array().value(std::nan("")).value(std::numeric_limits<double>::infinity()).end_array();
  EXPECT_EQ(out.view(), "[null,null]");
}

TEST(JsonWriter, EscapesWhatAStringMayNotHold) {
  EXPECT_EQ(in_json("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(in_json(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(in_json("</script>"), R"("\u003c/script>")");
  EXPECT_EQ(in_json("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
}

TEST(JsonWriter, ReplacesMalformedUtf8) {
  EXPECT_EQ(in_json("a\xFFz"), R"("a\ufffdz")");
}

TEST(JsonWriter, EscapesKeysToo) {
  Writer out;
  out.begin_object().field("a\"b", 1).end_object();
  EXPECT_EQ(out.view(), R"({"a\"b":1})");
}

TEST(JsonWriter, PutsInADocumentMadeElsewhere) {
  Writer out;
  out.begin_array().raw(R"({"a":1})").raw("2").end_array();
  EXPECT_EQ(out.view(), R"([{"a":1},2])");
}

TEST(JsonWriter, WritesEveryByteSoThatItReadsBack) {
  std::string text;
  for (int c = 0; c < 0x80; ++c) {
    text.push_back(static_cast<char>(c));
  }
  EXPECT_EQ(value_or_throw(decode<std::string>(in_json(text))), text);
}

}  // namespace
}  // namespace mcdsl::json
