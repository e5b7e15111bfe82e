#include "mcdsl/auth/internal/answer_parser.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::auth::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr AnswerParser::Limits kLimits{.head_bytes = 300, .fields = 6, .body_bytes = 40};
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\n";

struct Outcome {
  std::string error;
  bool is_whole = false;
  long status = 0;
  std::string body = {};
  bool keeps_connection = false;
  std::size_t taken = 0;

  bool operator==(const Outcome&) const = default;
};

// What is made of bytes that come in pieces of a size; `at_end` for a connection that ends behind them.
Outcome read(std::string_view bytes, std::size_t piece, bool at_end) {
  AnswerParser parser(kLimits);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && !parser.is_whole(); at += piece) {
    const auto given = bytes.substr(at, piece);
    const auto taken = parser.feed(given);
    if (!taken) {
      EXPECT_EQ(taken.error().code(), Code::unavailable);
      return {.error = taken.error().to_string()};
    }
    EXPECT_TRUE(*taken == given.size() || parser.is_whole());
    outcome.taken += *taken;
  }
  if (at_end) {
    if (const auto ended = parser.end(); !ended) {
      return {.error = ended.error().to_string()};
    }
  }
  outcome.is_whole = parser.is_whole();
  outcome.status = parser.status();
  outcome.keeps_connection = parser.keeps_connection();
  outcome.body = parser.take_body().reveal();
  return outcome;
}

// The same, and that it does not depend on the pieces.
Outcome read(std::string_view bytes, bool at_end = false) {
  const Outcome outcome = read(bytes, bytes.size() + 1, at_end);
  for (const std::size_t piece : {1U, 2U, 7U}) {
    EXPECT_EQ(read(bytes, piece, at_end), outcome) << "in pieces of " << piece;
  }
  return outcome;
}

std::string with(std::string_view fields_and_body) {
  return std::string(kOk).append(fields_and_body);
}

TEST(AnswerParser, ReadsAsManyBytesAsTheLengthSays) {
  const auto answer = read(with("Content-Length: 3\r\nX: y\r\n\r\nabcHTTP"));
  EXPECT_TRUE(answer.is_whole);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "abc");
  EXPECT_TRUE(answer.keeps_connection);
  EXPECT_EQ(answer.taken, with("Content-Length: 3\r\nX: y\r\n\r\nabc").size());
}

TEST(AnswerParser, ReadsChunksAndDropsExtensionsAndTrailers) {
  const auto answer =
      read(with("transfer-ENCODING: Chunked\r\n\r\n3\r\nabc\r\n0a ; x=\"y\"\r\n0123456789\r\n0\r\nT: u\r\n\r\n"));
  EXPECT_TRUE(answer.is_whole) << answer.error;
  EXPECT_EQ(answer.body, "abc0123456789");
  EXPECT_TRUE(answer.keeps_connection);
}

TEST(AnswerParser, ReadsToTheEndWhereNothingSaysHowLong) {
  EXPECT_FALSE(read(with("\r\nabc")).is_whole);
  const auto answer = read(with("\r\nabc"), true);
  EXPECT_TRUE(answer.is_whole);
  EXPECT_EQ(answer.body, "abc");
  EXPECT_FALSE(answer.keeps_connection);
}

TEST(AnswerParser, SkipsInterimAnswers) {
  const auto answer = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                           with("Content-Length: 1\r\n\r\na"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "a");
}

TEST(AnswerParser, KnowsAnswersThatHaveNoBody) {
  for (const std::string status : {"204", "304"}) {
    const auto answer = read("HTTP/1.1 " + status + " \r\n\r\nx");
    EXPECT_TRUE(answer.is_whole);
    EXPECT_TRUE(answer.keeps_connection);
    EXPECT_EQ(answer.body, "");
    // What some would take for a body makes the connection useless.
    EXPECT_FALSE(read("HTTP/1.1 " + status + " \r\nContent-Length: 1\r\n\r\n").keeps_connection);
  }
  EXPECT_TRUE(read(with("Content-Length: 0\r\n\r\n")).is_whole);
}

TEST(AnswerParser, KeepsNoConnectionThatTheServerWillClose) {
  for (const std::string field : {"close", "Close", "keep-alive, close", "x ,\tclose\t, y"}) {
    EXPECT_FALSE(read(with("Content-Length: 0\r\nConnection: " + field + "\r\n\r\n")).keeps_connection) << field;
  }
  EXPECT_TRUE(read(with("Content-Length: 0\r\nConnection: closed\r\n\r\n")).keeps_connection);
  EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keeps_connection);
}

TEST(AnswerParser, RefusesStatusLinesThatAreNone) {
  for (const std::string line :
       {"", "x", "HTTP/1.1", "HTTP/1.1 200", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK",
        "HTTP/1.1 2x0 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.2 200 OK",
        "HTTP/2.0 200 OK", "HTTP/1.1\t200 OK", "http/1.1 200 OK", " HTTP/1.1 200 OK", "HTTP/1.1 200 O\rK",
        "HTTP/1.1 200 O\x01K", "ICY 200 OK"}) {
    EXPECT_THAT(read(line + "\r\nContent-Length: 0\r\n\r\n").error, HasSubstr("malformed")) << line;
  }
}

TEST(AnswerParser, RefusesWhatTwoParsersCouldReadInTwoWays) {
  for (const std::string fields : {"Content-Length: 1\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: chunked\r\nContent-Length: 1",
                                   "Content-Length: 1\r\nContent-Length: 1",
                                   "Content-Length: 1\r\nContent-Length: 2",
                                   "Content-Length: 1, 1",
                                   "Content-Length: +1",
                                   "Content-Length: -1",
                                   "Content-Length: 0x1",
                                   "Content-Length: 1 1",
                                   "Content-Length:",
                                   "Content-Length: 99999999999999999999",
                                   "Transfer-Encoding: gzip, chunked",
                                   "Transfer-Encoding: identity",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: chunked, chunked",
                                   "Transfer-Encoding:",
                                   "Content-Length : 1",
                                   " Content-Length: 1",
                                   "X: y\r\n Content-Length: 1",
                                   "X: y\r\n\tfolded",
                                   "X",
                                   ": y",
                                   "X y: z",
                                   "X: \x01",
                                   "X: a\rb",
                                   "X: \x7F",
                                   "X\0: y"}) {
    EXPECT_THAT(read(with(fields + "\r\n\r\n1\r\na\r\n0\r\n\r\n")).error, HasSubstr("malformed")) << fields;
  }
  EXPECT_THAT(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").error, HasSubstr("malformed"));
  EXPECT_THAT(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").error, HasSubstr("malformed"));
}

TEST(AnswerParser, RefusesLinesThatDoNotEndInCrLf) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n"}) {
    EXPECT_THAT(read(text).error, HasSubstr("malformed")) << text;
  }
}

TEST(AnswerParser, RefusesChunksThatAreNone) {
  for (const std::string chunks :
       {"\r\n", "x\r\n", "-1\r\na\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 x\r\na\r\n", "1\r\nab\r\n",
        "1\r\na\n", "1\na\r\n", "1\r\na0\r\n\r\n", "11111111111111111\r\na\r\n", "1;\x01\r\na\r\n", "0\r\nX\r\n\r\n",
        "0\r\n folded\r\n\r\n"}) {
    EXPECT_THAT(read(with("Transfer-Encoding: chunked\r\n\r\n" + chunks)).error, HasSubstr("malformed")) << chunks;
  }
}

TEST(AnswerParser, StopsAtTheFirstByteTooMany) {
  const std::string too_long_body = "the answer is longer than 40 bytes";
  EXPECT_EQ(read(with("Content-Length: 40\r\n\r\n" + std::string(40, 'x'))).body, std::string(40, 'x'));
  EXPECT_EQ(read(with("Content-Length: 41\r\n\r\n")).error, too_long_body);
  EXPECT_EQ(read(with("Content-Length: 18446744073709551615\r\n\r\n")).error, too_long_body);
  EXPECT_EQ(read(with("\r\n" + std::string(41, 'x'))).error, too_long_body);
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")).error, too_long_body);
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n28\r\n")).error, too_long_body);
  const std::string too_long_head = "the answer is longer than 300 bytes";
  EXPECT_EQ(read(with("X: " + std::string(300, 'x'))).error, too_long_head);
  std::string interim;
  for (int i = 0; i < 20; ++i) {
    interim.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  EXPECT_EQ(read(interim).error, too_long_head);
  std::string chunks;
  for (int i = 0; i < 30; ++i) {
    chunks.append("1;" + std::string(20, 'x') + "\r\na\r\n");
  }
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n\r\n" + chunks)).error, too_long_head);
  EXPECT_EQ(read(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\n")).error,
            "the answer has more than 6 header fields");
}

TEST(AnswerParser, TakesNoEndForAWholeAnswer) {
  EXPECT_EQ(read("", true).error, "the server ended the connection without an answer");
  const std::string amid = "the server ended the connection amid its answer";
  EXPECT_EQ(read("H", true).error, amid);
  EXPECT_EQ(read(kOk, true).error, amid);
  EXPECT_EQ(read(with("Content-Length: 2\r\n\r\na"), true).error, amid);
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), true).error, amid);
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"), true).error, amid);
  EXPECT_EQ(read("HTTP/1.1 100 Continue\r\n\r\n", true).error, amid);
  EXPECT_EQ(read(with("Content-Length: 1\r\n\r\na"), true).error, "");
}

TEST(AnswerParser, QuotesNothing) {
  for (const std::string& text : {std::string("canary\r\n"), with("canary\r\n"), with("Content-Length: canary\r\n"),
                                  with("Transfer-Encoding: chunked\r\n\r\ncanary\r\n")}) {
    EXPECT_THAT(read(text).error, HasSubstr("malformed"));
    EXPECT_THAT(read(text).error, Not(HasSubstr("canary")));
  }
}

}  // namespace
}  // namespace mcdsl::auth::internal
