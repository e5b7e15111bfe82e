#include "mcdsl/grpcserver/internal/compression.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::grpcserver {
namespace {

using testing::HasSubstr;

constexpr std::size_t kRoom = 1 << 20;

std::string packed(std::string_view bytes) {
  return value_or_throw(gzip(bytes));
}

// "hello" by GNU gzip 1.12, without a name.
const std::string kForeign(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00", 25);

TEST(Encodings, AreIdentityAndGzipInEitherCase) {
  EXPECT_EQ(parse_encoding("identity"), Encoding::identity);
  EXPECT_EQ(parse_encoding("gzip"), Encoding::gzip);
  EXPECT_EQ(parse_encoding("GZip"), Encoding::gzip);
  for (const std::string_view name : {"", "deflate", "zstd", "br", "gzip ", "gzip,identity", "x-gzip", "gzi"}) {
    EXPECT_EQ(parse_encoding(name), std::nullopt) << name;
  }
}

TEST(Encodings, AreAcceptedWhereAListNamesThem) {
  for (const std::string_view list : {"gzip", "identity,gzip", "identity, deflate , GZIP", "br;q=1.0, gzip;q=0.8",
                                      "gzip;q=0.001", "gzip; q=1", "gzip;level=9", ",,gzip"}) {
    EXPECT_TRUE(accepts_gzip(list)) << list;
  }
  for (const std::string_view list : {"", "identity", "*", "zstd, br", "gzip;q=0", "gzip; Q=0.000", "gzip;level=1;q=0",
                                      "gzip2", "x-gzip", ";gzip", "gz ip"}) {
    EXPECT_FALSE(accepts_gzip(list)) << list;
  }
}

TEST(Gzip, ReadsBackWhatItPacked) {
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(300'000, 'a'), std::string("\0\xff", 2)}) {
    const auto back = gunzip(packed(text), kRoom);
    ASSERT_TRUE(back.has_value()) << back.error().to_string();
    EXPECT_EQ(*back, text);
  }
  EXPECT_LT(packed(std::string(300'000, 'a')).size(), 2'000U);
}

TEST(Gzip, ReadsWhatOthersPacked) {
  EXPECT_EQ(gunzip(kForeign, kRoom).value(), "hello");
}

TEST(Gzip, ReadsSeveralMembersAsOneText) {
  EXPECT_EQ(gunzip(kForeign + packed("") + packed(std::string(1019, 'x')) + packed("!"), kRoom).value(),
            "hello" + std::string(1019, 'x') + "!");
}

TEST(Gzip, UnpacksExactlyTheLimit) {
  EXPECT_EQ(gunzip(kForeign, 5).value(), "hello");
  EXPECT_EQ(gunzip(packed(""), 0).value(), "");
  EXPECT_EQ(gunzip(packed(std::string(4096, 'x')), 4096).value().size(), 4096U);
}

TEST(Gzip, RefusesWhatUnpacksToMoreThanTheLimit) {
  for (const auto& [text, limit] : {std::pair<std::string, std::size_t>{packed("hello"), 4},
                                    {packed("x"), 0},
                                    {packed(std::string(4097, 'x')), 4096},
                                    {packed("one") + packed("two"), 5}}) {
    const auto back = gunzip(text, limit);
    ASSERT_FALSE(back.has_value()) << limit;
    EXPECT_EQ(back.error().code(), Code::resource_exhausted);
    EXPECT_EQ(back.error().public_text(),
              "the message unpacks to more than the limit of " + std::to_string(limit) + " bytes");
  }
}

TEST(Gzip, StopsABombAtTheLimit) {
  const std::string bomb = packed(std::string(std::size_t{64} << 20U, '\0'));
  ASSERT_LT(bomb.size(), 400'000U);
  const auto back = gunzip(bomb, kRoom);
  ASSERT_FALSE(back.has_value());
  EXPECT_EQ(back.error().code(), Code::resource_exhausted);
}

TEST(Gzip, RefusesWhatIsCutShortAtEveryByte) {
  const std::string text = packed("hello, hello, hello");
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto back = gunzip(text.substr(0, length), kRoom);
    ASSERT_FALSE(back.has_value()) << length;
    EXPECT_EQ(back.error().code(), Code::invalid_argument);
    EXPECT_THAT(back.error().message(), HasSubstr("cut short"));
  }
}

TEST(Gzip, RefusesADamagedChecksumAndForeignFormats) {
  std::string damaged = kForeign;
  damaged[18] = static_cast<char>(damaged[18] ^ 1);
  for (const std::string& text :
       {damaged, std::string("not gzip at all"), std::string("\x78\x9c\x03\x00\x00\x00\x00\x01", 8)}) {
    const auto back = gunzip(text, kRoom);
    ASSERT_FALSE(back.has_value());
    EXPECT_EQ(back.error().code(), Code::invalid_argument);
    EXPECT_THAT(back.error().message(), HasSubstr("damaged"));
  }
}

TEST(Gzip, RefusesBytesBehindTheText) {
  for (const std::string_view garbage : {"x", "garbage", "\x1f", "\x1f\x8b\x08"}) {
    const auto back = gunzip(kForeign + std::string(garbage), kRoom);
    ASSERT_FALSE(back.has_value()) << garbage;
    EXPECT_EQ(back.error().code(), Code::invalid_argument);
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
