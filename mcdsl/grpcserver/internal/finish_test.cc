#include "mcdsl/grpcserver/internal/finish.h"

#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/framing.h"

namespace mcdsl::grpcserver {
namespace {

constexpr WireType kGrpc{Protocol::grpc, Codec::proto};
constexpr WireType kWeb{Protocol::grpc_web, Codec::proto};
constexpr WireType kConnect{Protocol::connect_unary, Codec::proto};
constexpr WireType kConnectStream{Protocol::connect_stream, Codec::proto};
constexpr WireType kRest{Protocol::rest, Codec::json};

const Result<void> kGood;
const Result<void> kMissing = fail(Error(Code::not_found, "/srv/secret").with_public_text("no such note"));

http::Headers trailers() {
  http::Headers fields;
  fields.add("x-tail", "1");
  fields.add("x-tail", "2");
  return fields;
}

// The response that a call ends in, whose answer was "body" where it went well.
http::Response ended(WireType type, const Result<void>& result, bool with_header = false) {
  http::Response response;
  response.body = "body";
  if (with_header) {
    response.headers.add("x-head", "1");
  }
  finish(type, result, trailers(), response);
  return response;
}

TEST(Finish, PutsTheStatusOfGrpcIntoTheTrailers) {
  const auto good = ended(kGrpc, kGood);
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, "body");
  EXPECT_EQ(good.headers.get("content-type"), "application/grpc");
  EXPECT_EQ(good.trailers.get("grpc-status"), "0");
  EXPECT_EQ(good.trailers.count("x-tail"), 2U);
  EXPECT_FALSE(good.headers.contains("grpc-status"));
  EXPECT_EQ(good.error, nullptr);
}

TEST(Finish, IsOneBlockOfFieldsForAnErrorOfGrpcWithoutAHead) {
  const auto only = ended(kGrpc, kMissing);
  EXPECT_EQ(only.status, 200);
  EXPECT_EQ(only.body, "");
  EXPECT_EQ(only.headers.get("grpc-status"), "5");
  EXPECT_EQ(only.headers.get("grpc-message"), "no such note");
  EXPECT_FALSE(only.headers.contains("grpc-status-details-bin"));
  EXPECT_TRUE(only.trailers.empty());
  const auto head = ended(kGrpc, kMissing, true);
  EXPECT_EQ(head.headers.get("x-head"), "1");
  EXPECT_FALSE(head.headers.contains("grpc-status"));
  EXPECT_EQ(head.trailers.get("grpc-status"), "5");
}

TEST(Finish, PutsTheStatusOfGrpcWebIntoALastFrame) {
  std::string frame;
  append_frame(frame, kWebTrailers, "x-tail: 1\r\nx-tail: 2\r\ngrpc-status: 0\r\n");
  EXPECT_EQ(ended(kWeb, kGood).body, "body" + frame);
  EXPECT_TRUE(ended(kWeb, kGood).trailers.empty());
  frame.clear();
  append_frame(frame, kWebTrailers, "x-tail: 1\r\nx-tail: 2\r\ngrpc-status: 5\r\ngrpc-message: no such note\r\n");
  EXPECT_EQ(ended(kWeb, kMissing).body, frame);
}

TEST(Finish, PutsTheErrorOfConnectIntoTheBody) {
  const auto good = ended(kConnect, kGood);
  EXPECT_EQ(good.headers.get("content-type"), "application/proto");
  EXPECT_EQ(good.headers.count("trailer-x-tail"), 2U);
  EXPECT_EQ(good.body, "body");
  const auto missing = ended(kConnect, kMissing);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.get("content-type"), "application/json");
  EXPECT_EQ(missing.body, R"({"code":"not_found","message":"no such note"})");
}

TEST(Finish, PutsTheEndOfAConnectStreamIntoALastFrame) {
  std::string frame;
  append_frame(frame, kConnectEndOfStream, R"({"metadata":{"x-tail":["1","2"]}})");
  EXPECT_EQ(ended(kConnectStream, kGood).body, "body" + frame);
  frame.clear();
  append_frame(frame, kConnectEndOfStream,
               R"({"error":{"code":"not_found","message":"no such note"},"metadata":{"x-tail":["1","2"]}})");
  const auto missing = ended(kConnectStream, kMissing);
  EXPECT_EQ(missing.status, 200);
  EXPECT_EQ(missing.body, frame);
}

TEST(Finish, AnswersRestAsARouteWouldThatIsWrittenByHand) {
  const auto missing = ended(kRest, kMissing, true);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"error":"no such note"})");
  EXPECT_EQ(missing.headers.get("x-head"), "1");
  EXPECT_EQ(ended(kRest, fail(Code::unauthenticated, "")).headers.get("www-authenticate"), "Bearer");
  EXPECT_EQ(ended(kRest, fail(Code::unavailable, "")).headers.get("retry-after"), "1");
}

TEST(Finish, KeepsTheWholeErrorForTheLogAndNothingOfItForTheClient) {
  for (const WireType type : {kGrpc, kWeb, kConnect, kConnectStream, kRest}) {
    const auto answer = ended(type, kMissing);
    ASSERT_NE(answer.error, nullptr);
    EXPECT_EQ(answer.error->message(), "/srv/secret");
    std::string all = answer.body;
    for (const auto& fields : {answer.headers, answer.trailers}) {
      for (const auto [name, value] : fields) {
        all.append(value);
      }
    }
    EXPECT_FALSE(all.contains("secret"));
  }
}

TEST(EndOfStream, IsWhatTheProtocolPutsBehindTheLastMessage) {
  http::Response head;
  EXPECT_EQ(end_of_stream(kGrpc, kMissing, trailers(), head), "");
  EXPECT_EQ(head.trailers.get("grpc-status"), "5");
  EXPECT_EQ(end_of_stream(kWeb, kMissing, trailers(), head), ended(kWeb, kMissing).body);
  EXPECT_EQ(end_of_stream(kConnectStream, kMissing, trailers(), head), ended(kConnectStream, kMissing).body);
  EXPECT_EQ(end_of_stream(kRest, kGood, trailers(), head), "");
  EXPECT_EQ(end_of_stream(kRest, kMissing, trailers(), head), "{\"error\":\"no such note\"}\n");
}

TEST(TimedOut, IsDeadlineExceededInEveryProtocol) {
  EXPECT_EQ(timed_out(kGrpc)().headers.get("grpc-status"), "4");
  EXPECT_TRUE(timed_out(kWeb)().body.contains("grpc-status: 4"));
  EXPECT_EQ(timed_out(kConnect)().status, 504);
  EXPECT_TRUE(timed_out(kConnectStream)().body.contains("deadline_exceeded"));
  EXPECT_EQ(timed_out(kRest)().status, 504);
}

}  // namespace
}  // namespace mcdsl::grpcserver
