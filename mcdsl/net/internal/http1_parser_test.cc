#include "mcdsl/net/internal/http1_parser.h"

#include <gtest/gtest.h>

#include "mcdsl/net/internal/fake_host_test.h"
#include "mcdsl/net/internal/framing_vectors_test.h"

namespace mcdsl::net {
namespace {

const EchoApplication kEcho;

std::string status_line(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " ";
}

// What a connection has answered when all bytes have come in pieces of a size.
std::string answer_to(const std::string& bytes, std::size_t piece) {
  FakeHost host(kEcho);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    host.feed(std::string_view(bytes).substr(at, piece));
  }
  return host.sent;
}

TEST(Http1Framing, ReadsGoodRequestsAsTheyAreMeant) {
  for (const FramingVector& vector : good_framing_vectors()) {
    SCOPED_TRACE(vector.name);
    const std::string answer = answer_to(vector.bytes, vector.bytes.size());
    EXPECT_TRUE(answer.starts_with(status_line(200))) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + vector.echo)) << answer;
  }
}

TEST(Http1Framing, GoesOnBehindAGoodRequest) {
  for (const FramingVector& vector : good_framing_vectors()) {
    SCOPED_TRACE(vector.name);
    if (!vector.bytes.contains("HTTP/1.0")) {
      FakeHost host(kEcho);
      host.feed(vector.bytes + "GET /canary HTTP/1.1\r\nHost: c\r\n\r\n");
      EXPECT_EQ(host.answers, 2);
      EXPECT_TRUE(host.sent.ends_with("\r\n\r\nGET /canary||c|")) << host.sent;
    }
  }
}

TEST(Http1Framing, RefusesBadRequestsOnceAndEndsTheConnection) {
  const auto vectors = bad_framing_vectors();
  ASSERT_GE(vectors.size(), 70U);
  for (const FramingVector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    FakeHost host(kEcho);
    host.feed(vector.bytes + "GET /canary HTTP/1.1\r\nHost: c\r\n\r\n");
    EXPECT_TRUE(host.sent.starts_with(status_line(vector.status))) << host.sent;
    EXPECT_TRUE(host.sent.contains("connection: close\r\n"));
    EXPECT_FALSE(host.sent.contains("canary")) << host.sent;
    EXPECT_EQ(host.finishes, 1);
    EXPECT_TRUE(host.lingers);
    EXPECT_EQ(host.http1.waiting(), Waiting::for_nothing);
  }
}

TEST(Http1Framing, DoesNotDependOnHowTheBytesArrive) {
  auto vectors = good_framing_vectors();
  std::ranges::copy(bad_framing_vectors(), std::back_inserter(vectors));
  for (const FramingVector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const std::string whole = answer_to(vector.bytes, vector.bytes.size());
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U}) {
      EXPECT_EQ(answer_to(vector.bytes, piece), whole) << "in pieces of " << piece;
    }
  }
}

TEST(Http1Framing, RefusesMoreFieldsThanAllowed) {
  const auto answer = [](int fields) {
    FakeHost host(kEcho, {.max_header_fields = 3});
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < fields; ++i) {
      head += "X: y\r\n";
    }
    host.feed(head + "\r\n");
    return host.sent;
  };
  EXPECT_TRUE(answer(3).starts_with(status_line(200)));
  EXPECT_TRUE(answer(4).starts_with(status_line(431)));
}

TEST(Http1Framing, TakesAHeadOfExactlyTheGreatestLength) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  FakeHost fits(kEcho, {.max_header_bytes = head.size()});
  fits.feed(head);
  EXPECT_TRUE(fits.sent.starts_with(status_line(200)));
  FakeHost too_long(kEcho, {.max_header_bytes = head.size() - 1});
  too_long.feed(head);
  EXPECT_TRUE(too_long.sent.starts_with(status_line(431)));
}

TEST(Http1Framing, BoundsChunkExtensionsOverTheWholeBody) {
  FakeHost host(kEcho);
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  int chunks = 0;
  for (; host.finishes == 0 && chunks < 1000; ++chunks) {
    host.feed("1;" + std::string(200, 'e') + "\r\nx\r\n");
  }
  EXPECT_TRUE(host.sent.starts_with(status_line(400)));
  EXPECT_LT(chunks, 50);
}

TEST(Http1Framing, DoesNotAllocateWhatAPeerOnlyPromises) {
  class Generous final : public http::Application {
    http::BodyPlan plan(http::Request& /*request*/) const override { return {.max_bytes = std::size_t{1} << 60U}; }
    http::Response serve(http::Request& /*request*/) const override { return http::no_content(); }
  };
  const Generous application;
  FakeHost host(application);
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000\r\n\r\nx");
  EXPECT_EQ(host.http1.waiting(), Waiting::for_body);
  EXPECT_EQ(host.http1.body_bytes(), 1U);
}

}  // namespace
}  // namespace mcdsl::net
