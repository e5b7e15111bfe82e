#include "mcdsl/base/bytes.h"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mcdsl {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  return bytes;
}

TEST(Hex, WritesTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(hex_encode(""), "");
  EXPECT_EQ(hex_encode(std::string_view("\x00\x7f\xab\xff", 4)), "007fabff");
}

TEST(Hex, ReadsBothCases) {
  EXPECT_EQ(hex_decode("00aBFf"), std::string("\x00\xab\xff", 3));
  EXPECT_EQ(hex_decode(hex_encode(all_bytes())), all_bytes());
}

TEST(Hex, RefusesOddLengthsAndForeignCharacters) {
  for (const std::string_view text : {"0", "abc", "0g", "g0", " 0", "0x", "@@", "``", "\xff\xff"}) {
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
  }
}

// RFC 4648 §10, without padding, and what tells the URL-safe alphabet from the other one.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kBase64UrlPairs{{
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "-_-_"},
}};

TEST(Base64Url, WritesAndReadsTheVectorsOfRfc4648) {
  for (const auto& [bytes, text] : kBase64UrlPairs) {
    EXPECT_EQ(base64url_encode(bytes), text);
    EXPECT_EQ(base64url_decode(text), bytes);
  }
}

TEST(Base64Url, ReadsBackWhatItWroteAtEveryLength) {
  const std::string bytes = all_bytes();
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::string part = bytes.substr(bytes.size() - length);
    EXPECT_EQ(base64url_decode(base64url_encode(part)), part) << length;
  }
}

TEST(Base64Url, RefusesPaddingForeignCharactersAndImpossibleLengths) {
  for (const std::string_view text : {"Zg==", "Zm8=", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Z\xc3\xa9v"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
}

TEST(Base64Url, RefusesTrailingBitsThatAreNotZero) {
  EXPECT_EQ(base64url_decode("Zh"), std::nullopt);   // "f" is "Zg"
  EXPECT_EQ(base64url_decode("Zm9"), std::nullopt);  // "fo" is "Zm8"
}

TEST(ConstantTimeEqual, ComparesEveryByte) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "Secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("secret", "secre"));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(Utf8, AcceptsTheFirstAndLastOfEveryLength) {
  for (const std::string_view text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << hex_encode(text);
  }
  EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, FindsAMalformedByteWhereverItStands) {
  for (std::size_t at = 0; at < 20; ++at) {
    std::string text(20, 'a');
    text[at] = '\x80';
    EXPECT_FALSE(is_valid_utf8(text)) << at;
    text.replace(at, 1, "\xC3\xA9");
    EXPECT_TRUE(is_valid_utf8(text)) << at;
  }
}

TEST(Utf8, RefusesWhatRfc3629Forbids) {
  constexpr std::array kMalformed{
      std::string_view("\x80"),              // a tail without a lead
      std::string_view("\xc0\x80"),          // overlong NUL
      std::string_view("\xc1\xbf"),          // overlong
      std::string_view("\xe0\x9f\xbf"),      // overlong
      std::string_view("\xf0\x8f\xbf\xbf"),  // overlong
      std::string_view("\xed\xa0\x80"),      // the first surrogate
      std::string_view("\xed\xbf\xbf"),      // the last surrogate
      std::string_view("\xf4\x90\x80\x80"),  // past U+10FFFF
      std::string_view("\xf5\x80\x80\x80"),  // past U+10FFFF
      std::string_view("\xff"),              // never a byte of UTF-8
      std::string_view("\xc3"),              // cut off
      std::string_view("\xe2\x82"),          // cut off
      std::string_view("\xf0\x9f\x98"),      // cut off
      std::string_view("\xc3z"),             // a lead without its tail
      std::string_view("ok\xe2\x28\xa1"),    // a wrong tail inside
      std::string_view("\xf0\x9f\x28\x80"),  // a wrong third byte
  };
  for (const std::string_view text : kMalformed) {
    EXPECT_FALSE(is_valid_utf8(text)) << hex_encode(text);
  }
}

TEST(Printable, KeepsTextAndEscapesControlsAndMalformedBytes) {
  EXPECT_EQ(printable("caf\xc3\xa9 ok"), "caf\xc3\xa9 ok");
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, EscapesC1ControlsButNotTheirNeighbours) {
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Printable, CutsAtTheLimitWithoutSplittingACharacter) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("abcde\xc3\xa9", 6), "abcde...");
  EXPECT_EQ(printable("abcde\n", 6), "abcde...");
}

}  // namespace
TEST(Bytes, PlainRunEndsAtTheFirstByteThatIsNotPlainWhereverItStands) {
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool plain = value >= 0x20 && value < 0x7F && c != '"' && c != '\\';
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = c;
      EXPECT_EQ(plain_run(text), plain ? 20U : at) << "byte " << value << " at " << at;
    }
  }
  EXPECT_EQ(plain_run(""), 0U);
}

}  // namespace mcdsl
