#include "mcdsl/grpcserver/internal/framing.h"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::grpcserver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string framed(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes;
  append_frame(bytes, flags, payload);
  return bytes;
}

// A prefix that announces more than follows it.
std::string prefix(std::uint32_t length) {
  std::string bytes(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes.push_back(static_cast<char>((length >> shift) & 0xFFU));
  }
  return bytes;
}

// What every whole frame in the reader carries.
std::vector<std::string> payloads(FrameReader& reader) {
  std::vector<std::string> found;
  for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
    found.emplace_back((*frame)->payload);
  }
  return found;
}

TEST(Framing, WritesFlagsLengthAndPayload) {
  EXPECT_EQ(framed("abc", 1), std::string("\x01\x00\x00\x00\x03"
                                          "abc",
                                          8));
  EXPECT_EQ(framed(std::string(0x010203, 'x'), kWebTrailers).substr(0, 5), std::string("\x80\x00\x01\x02\x03", 5));
  EXPECT_EQ(framed(""), std::string(5, '\0'));
}

TEST(FrameReader, GivesFramesThatComeAtOnceOneByOne) {
  FrameReader reader(100);
  EXPECT_TRUE(reader.is_empty());
  reader.push(framed("one", 1) + framed("") + framed("three", 2));
  auto frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->flags, 1);
  EXPECT_EQ((*frame)->payload, "one");
  EXPECT_FALSE(reader.is_empty());
  frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->flags, 0);
  EXPECT_EQ((*frame)->payload, "");
  frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->flags, 2);
  EXPECT_EQ((*frame)->payload, "three");
  EXPECT_TRUE(reader.is_empty());
  frame = reader.next();
  EXPECT_TRUE(frame && !*frame);
}

TEST(FrameReader, WaitsForFramesThatComeByteByByte) {
  FrameReader reader(100);
  const std::string bytes = framed("one") + framed("two");
  std::vector<std::string> found;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    reader.push(bytes.substr(i, 1));
    for (const std::string& payload : payloads(reader)) {
      found.push_back(payload);
    }
    EXPECT_EQ(reader.is_empty(), i == 7 || i == 15) << i;
  }
  EXPECT_THAT(found, ElementsAre("one", "two"));
}

TEST(FrameReader, TakesAMessageOfExactlyTheLimit) {
  FrameReader reader(3);
  reader.push(framed("abc"));
  EXPECT_THAT(payloads(reader), ElementsAre("abc"));
}

TEST(FrameReader, RefusesALengthAboveTheLimitFromItsPrefixAlone) {
  FrameReader reader(3);
  reader.push(framed("abc") + prefix(4));
  auto frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  frame = reader.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code(), Code::resource_exhausted);
  EXPECT_EQ(frame.error().public_text(), "message of 4 bytes is larger than the limit of 3");
}

TEST(FrameReader, TakesTheHighestBitOfALengthForWhatItIs) {
  FrameReader reader(std::numeric_limits<std::uint32_t>::max() - 1);
  reader.push(prefix(0xFFFFFFFFU));
  const auto frame = reader.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_THAT(frame.error().message(), HasSubstr("4294967295"));
}

TEST(FrameReader, ReadsNothingMoreAfterAnError) {
  FrameReader reader(3);
  reader.push(prefix(4));
  ASSERT_FALSE(reader.next().has_value());
  reader.push(framed("abc"));
  const auto frame = reader.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code(), Code::resource_exhausted);
  EXPECT_FALSE(reader.is_empty()) << "a stream must not seem to end well here";
}

TEST(FrameReader, KeepsAPayloadGoodWhileItIsTheLast) {
  FrameReader reader(1 << 20);
  const std::string large(1 << 20, 'x');
  reader.push(framed(large));
  const auto frame = reader.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->payload, large);
}

TEST(OnlyFrame, IsNothingForAnEmptyBody) {
  const auto frame = only_frame("", 10);
  ASSERT_TRUE(frame.has_value());
  EXPECT_FALSE(frame->has_value());
}

TEST(OnlyFrame, ViewsThePayloadInTheBody) {
  const std::string body = framed("hello", 1);
  const auto frame = only_frame(body, 5);
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->flags, 1);
  EXPECT_EQ((*frame)->payload, "hello");
  EXPECT_EQ((*frame)->payload.data(), body.data() + 5);
}

TEST(OnlyFrame, SaysWhereABodyEndsTooEarly) {
  const auto in_prefix = only_frame(std::string(4, '\0'), 10);
  ASSERT_FALSE(in_prefix.has_value());
  EXPECT_EQ(in_prefix.error().code(), Code::invalid_argument);
  EXPECT_EQ(in_prefix.error().public_text(), "the body ends within the prefix of its message");

  const std::string body = framed("hello");
  const auto in_message = only_frame(std::string_view(body).substr(0, 8), 10);
  ASSERT_FALSE(in_message.has_value());
  EXPECT_EQ(in_message.error().code(), Code::invalid_argument);
  EXPECT_EQ(in_message.error().public_text(), "the body ends within its message: 3 of 5 bytes came");
}

TEST(OnlyFrame, RefusesASecondMessageAndStrayBytes) {
  for (const std::string& body : {framed("one") + framed("two"), framed("one") + "x"}) {
    const auto frame = only_frame(body, 10);
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().code(), Code::unimplemented);
    EXPECT_THAT(std::string(frame.error().public_text()), HasSubstr("more than one message"));
  }
}

TEST(OnlyFrame, HoldsTheLimitBeforeTheBodyIsWhole) {
  const auto frame = only_frame(prefix(11), 10);
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code(), Code::resource_exhausted);
  EXPECT_THAT(frame.error().message(), HasSubstr("limit of 10"));
}

}  // namespace
}  // namespace mcdsl::grpcserver
