#include "mcdsl/grpcserver/internal/connect_get.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {
namespace {

http::Request get(const std::string& query) {
  http::Request request;
  request.start(http::Method::get, "/a.B/C?" + query);
  return request;
}

Result<ConnectGet> read(const std::string& query) {
  return read_connect_get(get(query), {100, 100});
}

TEST(ConnectGet, ReadsTheMessageFromTheQuery) {
  const auto json = read("connect=v1&encoding=json&message=%7B%22a%22%3A+1%7D");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->format.type, (WireType{Protocol::connect_unary, Codec::json}));
  EXPECT_EQ(json->message, R"({"a": 1})");
  EXPECT_EQ(json->format.received, Encoding::identity);
  EXPECT_EQ(json->format.limits.received, 100U);
}

TEST(ConnectGet, ReadsBytesInBase64WithAndWithoutPadding) {
  for (const char* message : {"-_8", "-_8%3D", "-_8="}) {
    const auto proto = read(std::string("encoding=proto&base64=1&message=") + message);
    ASSERT_TRUE(proto) << message;
    EXPECT_EQ(proto->message, "\xfb\xff");
    EXPECT_EQ(proto->format.type.codec, Codec::proto);
  }
  EXPECT_EQ(read("encoding=json&base64=1&message=")->message, "");
}

TEST(ConnectGet, TakesThePackingFromTheQueryAndNotFromAField) {
  EXPECT_EQ(read("encoding=json&compression=gzip&base64=1&message=")->format.received, Encoding::gzip);
  EXPECT_EQ(read("encoding=json&compression=identity&message=")->format.received, Encoding::identity);
  auto request = get("encoding=json&message=");
  request.mutable_headers().add("content-encoding", "gzip");
  request.mutable_headers().add("accept-encoding", "gzip");
  const auto other = read_connect_get(request, {});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->format.received, Encoding::identity);
  EXPECT_TRUE(other->format.accepts_gzip);
}

TEST(ConnectGet, RefusesWhatIsMissingOrMalformed) {
  for (const char* query : {"", "encoding=json", "message=x", "encoding=xml&message=x", "encoding=&message=x",
                            "encoding=json&base64=1&message=%21", "encoding=json&base64=1&message=a",
                            "encoding=json&message=%ff", "encoding=json&message=%zz", "encoding=%zz&message=x"}) {
    const auto result = read(query);
    ASSERT_FALSE(result) << query;
    EXPECT_EQ(result.error().code(), Code::invalid_argument) << query;
  }
  for (const char* query : {"encoding=json&message=x&compression=br", "encoding=json&message=x&compression="}) {
    EXPECT_EQ(read(query).error().code(), Code::unimplemented) << query;
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
