#include "mcdsl/grpcserver/internal/wire.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mcdsl/grpcserver/internal/everything_for_test.pb.h>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;
using test::Everything;

http::Request request(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::Request made;
  made.start(http::Method::post, "/a.B/C");
  for (const auto& [name, value] : fields) {
    made.mutable_headers().add(name, value);
  }
  return made;
}

constexpr WireType kGrpc{Protocol::grpc, Codec::proto};

TEST(Wire, KnowsTheContentTypesOfTheProtocols) {
  EXPECT_EQ(parse_content_type("application/grpc"), kGrpc);
  EXPECT_EQ(parse_content_type("application/grpc+proto"), kGrpc);
  EXPECT_EQ(parse_content_type("Application/GRPC ; x=y"), kGrpc);
  EXPECT_EQ(parse_content_type("application/json; charset=utf-8"), (WireType{Protocol::connect_unary, Codec::json}));
  EXPECT_EQ(parse_content_type("application/connect+json"), (WireType{Protocol::connect_stream, Codec::json}));
  for (const char* other : {"", ";", "application/grpcx", "application/grpc+", "application/grpc+thrift",
                            "application/grpc-web-text+json", "text/plain", "application"}) {
    EXPECT_EQ(parse_content_type(other), std::nullopt) << other;
  }
}

TEST(Wire, CallsAnAnswerWhatItsCallWasCalled) {
  for (const char* name :
       {"application/grpc", "application/grpc+json", "application/grpc-web+proto", "application/grpc-web+json",
        "application/proto", "application/json", "application/connect+proto", "application/connect+json"}) {
    EXPECT_EQ(content_type(*parse_content_type(name)), name);
  }
  EXPECT_EQ(content_type({Protocol::rest, Codec::json}), "application/json");
}

TEST(Wire, ReadsTheCompressionFromTheFieldsOfTheProtocol) {
  struct Case {
    Protocol protocol;
    std::string received;
    std::string accepted;
  };
  for (const Case& each : {Case{Protocol::grpc, "grpc-encoding", "grpc-accept-encoding"},
                           Case{Protocol::grpc_web, "grpc-encoding", "grpc-accept-encoding"},
                           Case{Protocol::connect_stream, "connect-content-encoding", "connect-accept-encoding"},
                           Case{Protocol::connect_unary, "content-encoding", "accept-encoding"},
                           Case{Protocol::rest, "content-encoding", "accept-encoding"}}) {
    const WireType type{each.protocol, Codec::json};
    const auto format = read_format(type, request({{each.received, "GZip"}, {each.accepted, "br, gzip"}}), {});
    ASSERT_TRUE(format);
    EXPECT_EQ(format->received, Encoding::gzip);
    EXPECT_TRUE(format->accepts_gzip);
    const auto plain = read_format(type, request({{"x-encoding", "gzip"}}), {});
    EXPECT_EQ(plain->received, Encoding::identity);
    EXPECT_FALSE(plain->accepts_gzip);
    const auto unknown = read_format(type, request({{each.received, "canary"}}), {});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), Code::unimplemented);
    EXPECT_FALSE(unknown.error().to_string().contains("canary")) << "it may be anything, and of any length";
  }
}

TEST(Wire, ReadsTheTimeoutOfTheProtocol) {
  const auto all = request({{"grpc-timeout", "2S"}, {"connect-timeout-ms", "3"}});
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::grpc, all)), 2s);
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::grpc_web, all)), 2s);
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::connect_unary, all)), 3ms);
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::connect_stream, all)), 3ms);
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::rest, all)), std::nullopt);
  EXPECT_EQ(value_or_throw(read_timeout(Protocol::grpc, request({}))), std::nullopt);
  EXPECT_FALSE(read_timeout(Protocol::grpc, request({{"grpc-timeout", "soon"}})));
}

TEST(MessageFormat, HoldsMessagesToTheLimitBeforeAndAfterUnpacking) {
  Everything message;
  message.set_text(std::string(100, 'x'));
  const std::string bytes = message.SerializeAsString();
  MessageFormat format{.type = kGrpc, .received = Encoding::gzip, .limits = {bytes.size(), bytes.size()}};
  Everything back;
  EXPECT_TRUE(format.decode(bytes, false, back));
  EXPECT_EQ(back.text(), message.text());
  const std::string packed = value_or_throw(gzip(bytes));
  EXPECT_LT(packed.size(), bytes.size());
  EXPECT_TRUE(format.decode(packed, true, back));
  --format.limits.received;
  EXPECT_EQ(format.decode(bytes, false, back).error().code(), Code::resource_exhausted);
  EXPECT_EQ(format.decode(packed, true, back).error().code(), Code::resource_exhausted);
}

TEST(MessageFormat, RefusesWhatIsNoMessage) {
  const MessageFormat format{.type = kGrpc, .received = Encoding::gzip, .limits = {1000, 1000}};
  Everything into;
  for (const std::string& bytes : {std::string("\xff"), std::string("\x5a\x7f cut"), std::string("\x5a\x02\xff\xfe")}) {
    const auto decoded = format.decode(bytes, false, into);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Code::invalid_argument);
    EXPECT_EQ(decoded.error().public_text(), "the message is no mcdsl.grpcserver.test.Everything");
  }
  EXPECT_EQ(format.decode("no gzip", true, into).error().code(), Code::invalid_argument);
  EXPECT_EQ(MessageFormat({.type = kGrpc, .limits = {1000, 1000}}).decode("", true, into).error().code(),
            Code::internal);
}

// Recursion ends long before the stack does.
TEST(MessageFormat, RefusesMessagesThatAreNestedWithoutEnd) {
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) {
    std::string outer = "\x72";  // inner = 14
    for (std::size_t size = bytes.size();; size >>= 7U) {
      outer.push_back(static_cast<char>(size < 128 ? size : (size & 0x7fU) | 0x80U));
      if (size < 128) {
        break;
      }
    }
    bytes = outer + bytes;
  }
  Everything into;
  const MessageFormat format{.type = kGrpc, .limits = {1U << 20U, 0}};
  EXPECT_EQ(format.decode(bytes, false, into).error().code(), Code::invalid_argument);
}

TEST(MessageFormat, PacksOnlyForThoseWhoUnderstandIt) {
  Everything message;
  message.set_text(std::string(100, 'x'));
  MessageFormat format{.type = kGrpc, .limits = {0, 1000}};
  EXPECT_FALSE(value_or_throw(format.encode(message, true)).is_packed);
  format.accepts_gzip = true;
  EXPECT_FALSE(value_or_throw(format.encode(message, false)).is_packed);
  const auto packed = value_or_throw(format.encode(message, true));
  EXPECT_TRUE(packed.is_packed);
  EXPECT_EQ(value_or_throw(gunzip(packed.bytes, 1000)), message.SerializeAsString());
}

TEST(MessageFormat, SendsNothingAboveTheLimitHoweverSmallItPacks) {
  Everything message;
  message.set_text(std::string(100, 'x'));
  for (const Codec codec : {Codec::proto, Codec::json}) {
    const MessageFormat format{
        .type = {Protocol::grpc, codec}, .accepts_gzip = true, .limits = {0, message.ByteSizeLong() - 1}};
    EXPECT_EQ(format.encode(message, true).error().code(), Code::resource_exhausted);
  }
}

TEST(MessageFormat, WritesDefaultsForRestAlone) {
  const Everything nothing;
  const MessageLimits limits{0, 100'000};
  EXPECT_EQ(value_or_throw(
                MessageFormat{.type = {Protocol::connect_unary, Codec::json}, .limits = limits}.encode(nothing, false))
                .bytes,
            "{}");
  EXPECT_TRUE(
      value_or_throw(MessageFormat{.type = {Protocol::rest, Codec::json}, .limits = limits}.encode(nothing, false))
          .bytes.contains(R"("text":"")"));
}

}  // namespace
}  // namespace mcdsl::grpcserver
