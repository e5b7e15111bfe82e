#include "mcdsl/grpcserver/internal/metadata.h"

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  return bytes;
}

TEST(GrpcMessage, LeavesSpaceAndVisibleAsciiAsTheyAre) {
  std::string plain;
  for (char c = ' '; c <= '~'; ++c) {
    if (c != '%') {
      plain.push_back(c);
    }
  }
  EXPECT_EQ(percent_encode(plain), plain);
  EXPECT_EQ(percent_encode("100%"), "100%25");
}

TEST(GrpcMessage, EncodesControlCharactersAndEverythingPastAsciiInUpperCase) {
  EXPECT_EQ(percent_encode("a\tb\r\nc\x7f"), "a%09b%0D%0Ac%7F");
  EXPECT_EQ(percent_encode("\xe2\x98\xba"), "%E2%98%BA");
  EXPECT_EQ(percent_encode(std::string_view("\0", 1)), "%00");
}

TEST(GrpcMessage, ReadsBackEveryByte) {
  EXPECT_EQ(percent_decode(percent_encode(all_bytes())), all_bytes());
  EXPECT_EQ(percent_decode("%e2%98%BA"), "\xe2\x98\xba");
}

TEST(GrpcMessage, KeepsABrokenEscapeAsItStands) {
  for (const std::string_view text : {"%", "100%", "%4", "%zz", "%4z", "% 41", "a%+1b"}) {
    EXPECT_EQ(percent_decode(text), text);
  }
  EXPECT_EQ(percent_decode("%%41%4"), "%A%4");
}

TEST(BinaryMetadata, IsWrittenAsBase64WithoutPadding) {
  EXPECT_EQ(encode_binary(""), "");
  EXPECT_EQ(encode_binary("f"), "Zg");
  EXPECT_EQ(encode_binary("fo"), "Zm8");
  EXPECT_EQ(encode_binary("foo"), "Zm9v");
  EXPECT_EQ(encode_binary("\xfb\xff\xbf"), "+/+/");
}

TEST(BinaryMetadata, IsReadWithAndWithoutPadding) {
  for (const auto& [text, bytes] : {std::pair<std::string_view, std::string_view>{"", ""},
                                    {"Zg", "f"},
                                    {"Zg==", "f"},
                                    {"Zm8", "fo"},
                                    {"Zm8=", "fo"},
                                    {"Zm9v", "foo"},
                                    {"+/+/", "\xfb\xff\xbf"}}) {
    EXPECT_EQ(decode_binary(text), bytes) << text;
  }
  EXPECT_EQ(decode_binary(encode_binary(all_bytes())), all_bytes());
}

TEST(BinaryMetadata, RefusesWhatIsNotBase64) {
  for (const std::string_view text : {"Z", "Zg=", "Zg===", "=", "==", "====", "Zm9v=", "Zm9v====", "Z=g=", "-_-_",
                                      "Zm 8", "Zg,Zg", "Zh", "\xff\xff"}) {
    EXPECT_EQ(decode_binary(text), std::nullopt) << text;
  }
}

TEST(GrpcTimeout, ReadsEveryUnit) {
  EXPECT_EQ(*parse_timeout("2H"), 2h);
  EXPECT_EQ(*parse_timeout("3M"), 3min);
  EXPECT_EQ(*parse_timeout("4S"), 4s);
  EXPECT_EQ(*parse_timeout("5m"), 5ms);
  EXPECT_EQ(*parse_timeout("6u"), 6us);
  EXPECT_EQ(*parse_timeout("7n"), 7ns);
  EXPECT_EQ(*parse_timeout("00000010S"), 10s);
  EXPECT_EQ(*parse_timeout("0S"), 0s);
  EXPECT_EQ(*parse_timeout("99999999S"), 99'999'999s);
}

TEST(GrpcTimeout, IsTheLongestThereIsWhereItWouldOverflow) {
  EXPECT_EQ(*parse_timeout("2562047H"), 2'562'047h);
  EXPECT_EQ(*parse_timeout("2562048H"), std::chrono::nanoseconds::max());
  EXPECT_EQ(*parse_timeout("99999999H"), std::chrono::nanoseconds::max());
}

TEST(GrpcTimeout, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "S", "1", "1s", "1h", "123456789S", "-1S", "+1S", " 1S", "1 S", "1S ", "1.5S", "1SS", "0x1S", "١S"}) {
    const auto timeout = parse_timeout(text);
    ASSERT_FALSE(timeout.has_value()) << text;
    EXPECT_EQ(timeout.error().code(), Code::invalid_argument);
    EXPECT_TRUE(timeout.error().public_text().starts_with("grpc-timeout: ")) << timeout.error().public_text();
  }
}

TEST(ConnectTimeout, IsUpToTenDigitsOfMilliseconds) {
  EXPECT_EQ(*parse_connect_timeout("0"), 0ms);
  EXPECT_EQ(*parse_connect_timeout("1500"), 1500ms);
  EXPECT_EQ(*parse_connect_timeout("9999999999"), std::chrono::milliseconds(9'999'999'999));
  for (const std::string_view text : {"", "12345678901", "-1", "+1", "1.5", "1m", " 1", "1 "}) {
    const auto timeout = parse_connect_timeout(text);
    ASSERT_FALSE(timeout.has_value()) << text;
    EXPECT_EQ(timeout.error().code(), Code::invalid_argument);
  }
}

TEST(Metadata, IsNeverWhatBelongsToTheProtocols) {
  for (const std::string_view name : {":path",
                                      ":status",
                                      "grpc-status",
                                      "grpc-status-details-bin",
                                      "Grpc-Timeout",
                                      "connect-protocol-version",
                                      "Connect-Timeout-Ms",
                                      "content-type",
                                      "Content-Length",
                                      "content-encoding",
                                      "te",
                                      "host",
                                      "HOST",
                                      "connection",
                                      "keep-alive",
                                      "transfer-encoding",
                                      "upgrade",
                                      "trailer",
                                      "proxy-connection",
                                      "accept-encoding",
                                      "x-grpc-web"}) {
    EXPECT_TRUE(is_reserved(name)) << name;
  }
}

TEST(Metadata, MayHaveAnyOtherName) {
  for (const std::string_view name : {"", "authorization", "user-agent", "x-request-id", "trace-bin", "grpcish", "grpc",
                                      "te-", "hosts", "content", "teal", "cookie"}) {
    EXPECT_FALSE(is_reserved(name)) << name;
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
