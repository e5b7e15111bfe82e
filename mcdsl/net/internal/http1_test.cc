#include "mcdsl/net/internal/http1.h"

#include <gtest/gtest.h>

#include "mcdsl/net/internal/fake_host_test.h"
#include "mcdsl/net/internal/framing_vectors_test.h"

namespace mcdsl::net {
namespace {

const EchoApplication kEcho;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Answers every request with the same response.
class Fixed final : public http::Application {
 public:
  explicit Fixed(http::Response response) : response_(std::move(response)) {}
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& /*request*/) const override { return response_; }

 private:
  http::Response response_;
};

std::string get(const http::Application& application, std::string_view request = kGet) {
  FakeHost host(application);
  host.feed(request);
  return host.sent;
}

std::string with_fields(std::string_view version, std::string_view fields) {
  return "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

TEST(Http1, WritesAnAnswerWithItsFrame) {
  EXPECT_EQ(get(kEcho),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"
            "date: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-length: 9\r\n\r\nGET /||a|");
}

TEST(Http1, AnswersPipelinedRequestsInOrder) {
  FakeHost host(kEcho);
  host.feed("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" +
            std::string(kGet));
  EXPECT_EQ(host.answers, 3);
  const auto first = host.sent.find("GET /1|");
  const auto second = host.sent.find("POST /2||a|hi");
  const auto third = host.sent.find("GET /|");
  EXPECT_TRUE(first < second && second < third && third != std::string::npos) << host.sent;
}

TEST(Http1, TakesNothingBehindARequestWhoseHandlerRuns) {
  FakeHost host(kEcho);
  const std::string two = std::string(kGet) + std::string(kGet);
  EXPECT_EQ(host.http1.on_input(two), kGet.size());
  EXPECT_EQ(host.http1.on_input(kGet), 0U);
  EXPECT_EQ(host.http1.waiting(), Waiting::for_handler);
}

TEST(Http1, KeepsConnectionsAliveAsTheirVersionSays) {
  struct Case {
    std::string_view version;
    std::string_view fields;
    bool kept;
  };
  for (const Case& each : {
           Case{"1.1", "", true},
           Case{"1.1", "Connection: keep-alive\r\n", true},
           Case{"1.1", "Connection: close\r\n", false},
           Case{"1.1", "Connection: x, CLOSE\r\n", false},
           Case{"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
           Case{"1.0", "", false},
           Case{"1.0", "Connection: Keep-Alive\r\n", true},
           Case{"1.0", "Connection: keep-alive, close\r\n", false},
       }) {
    SCOPED_TRACE(std::string(each.version) + " " + std::string(each.fields));
    FakeHost host(kEcho);
    host.feed(with_fields(each.version, each.fields));
    EXPECT_EQ(host.finishes, each.kept ? 0 : 1);
    EXPECT_FALSE(host.lingers);
    EXPECT_EQ(host.sent.contains("connection: close\r\n"), !each.kept);
    EXPECT_EQ(host.sent.contains("connection: keep-alive\r\n"), each.kept && each.version == "1.0");
  }
}

TEST(Http1, AnswersHeadWithTheLengthAndNoBody) {
  const std::string answer = get(kEcho, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.contains("content-length: 10\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(Http1, FramesNoBodyWith204And304) {
  for (const int status : {204, 304}) {
    const std::string answer = get(Fixed(http::text("never").with_status(status)));
    EXPECT_FALSE(answer.contains("content-length")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  }
}

TEST(Http1, DropsFramingFieldsOfAHandler) {
  const std::string answer = get(Fixed(http::text("x")
                                           .with_header("Content-Length", "99")
                                           .with_header("Transfer-Encoding", "chunked")
                                           .with_header("Connection", "upgrade")
                                           .with_header("Keep-Alive", "1")
                                           .with_header("Date", "never")
                                           .with_header("X-Kept", "1")));
  EXPECT_TRUE(answer.contains("content-length: 1\r\n"));
  EXPECT_TRUE(answer.contains("x-kept: 1\r\n"));
  for (const std::string_view dropped : {"99", "chunked", "upgrade", "keep-alive", "never"}) {
    EXPECT_FALSE(answer.contains(dropped)) << answer;
  }
}

TEST(Http1, AnswersAStatusThatIsNoFinalOneWith500) {
  for (const int status : {0, 100, 101, 199, 1000}) {
    EXPECT_TRUE(get(Fixed(http::text("x").with_status(status))).starts_with("HTTP/1.1 500 ")) << status;
  }
}

TEST(Http1, SendsLargeBodiesWhole) {
  const std::string body(1'000'000, 'x');
  const std::string answer = get(Fixed(http::text(body)));
  EXPECT_TRUE(answer.contains("content-length: 1000000\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
}

TEST(Http1, SaysContinueToAClientThatWaitsForIt) {
  FakeHost host(kEcho);
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(host.sent, "HTTP/1.1 100 Continue\r\n\r\n");
  host.feed("hi");
  EXPECT_TRUE(host.sent.ends_with("POST /||a|hi"));
}

TEST(Http1, SaysContinueToNobodyWhoseBodyItDoesNotWant) {
  for (const std::string_view target : {"/bodiless", "/"}) {
    FakeHost host(kEcho);
    host.feed("POST " + std::string(target) +
              " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
    EXPECT_FALSE(host.sent.contains("100 Continue"));
    EXPECT_EQ(host.finishes, 1);
    EXPECT_TRUE(host.lingers);
  }
  EXPECT_FALSE(get(kEcho, with_fields("1.0", "Expect: 100-continue\r\n")).contains("100 Continue"));
}

TEST(Http1, LetsTheApplicationAnswerABodyThatIsTooLarge) {
  FakeHost host(kEcho);
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(host.answers, 1);
  EXPECT_TRUE(host.sent.starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(host.lingers);
}

TEST(Http1, UsesTheServersLimitWhereThePlanHasNone) {
  const Fixed application(http::no_content());
  FakeHost host(application, {.max_body_bytes = 3});
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(host.finishes, 0);
  host.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(host.finishes, 1);
}

TEST(Http1, TellsTheRequestWhoSentIt) {
  FakeHost host(kEcho);
  static_cast<void>(host.http1.on_input(kGet));
  ASSERT_NE(host.submitted, nullptr);
  EXPECT_EQ(host.submitted->request.peer().address, "192.0.2.1");
}

TEST(Http1, HoldsTrailersToTheLimitsOfAHeadAndForgetsThemWithTheirRequest) {
  const auto post = [](int fields) {
    return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + repeated("X: y\r\n", fields) +
           "\r\n";
  };
  FakeHost host(kEcho, {.max_header_fields = 4});
  host.feed(post(4) + std::string(kGet));
  EXPECT_TRUE(host.sent.contains("POST /||a||x=y|x=y|x=y|x=yHTTP/1.1")) << host.sent;
  EXPECT_TRUE(host.sent.ends_with("GET /||a|")) << host.sent;
  host.feed(post(5));
  EXPECT_TRUE(host.sent.contains("HTTP/1.1 431 ")) << host.sent;
  EXPECT_EQ(host.counters.limited[static_cast<std::size_t>(Limit::max_header_fields)].get(), 1U);
  EXPECT_EQ(host.finishes, 1);
}

TEST(Http1, AnswersLateHeadsAndBodiesWith408) {
  const std::vector<std::pair<std::string_view, Limit>> late{
      {"GET / HT", Limit::header_timeout},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", Limit::read_timeout}};
  for (const auto& [part, limit] : late) {
    FakeHost host(kEcho);
    host.feed(part);
    host.http1.on_timeout();
    EXPECT_TRUE(host.sent.starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(host.finishes, 1);
    EXPECT_EQ(host.counters.limited[static_cast<std::size_t>(limit)].get(), 1U) << name(limit);
    EXPECT_EQ(host.counters.malformed.get(), 0U);
  }
}

TEST(Http1, CountsWhatIsTooLargeByItsLimit) {
  const auto head = [](const std::string& line, const std::string& fields) {
    return line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  };
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += "x: y\r\n";
  }
  const std::vector<std::pair<std::string, Limit>> large{
      {head("GET /" + std::string(20'000, 'x'), ""), Limit::max_header_bytes},
      {head("GET /", "x: " + std::string(20'000, 'y') + "\r\n"), Limit::max_header_bytes},
      {head("GET /", many), Limit::max_header_fields},
      {head("POST /", "Content-Length: 9999999\r\n"), Limit::max_body_bytes},
      {head("POST /", "Transfer-Encoding: chunked\r\n") + "FFFFFF\r\n", Limit::max_body_bytes}};
  for (const auto& [bytes, limit] : large) {
    FakeHost host(kEcho);
    static_cast<void>(host.http1.on_input(bytes));
    EXPECT_EQ(host.counters.limited[static_cast<std::size_t>(limit)].get(), 1U) << name(limit);
    EXPECT_EQ(host.counters.malformed.get(), 0U);
  }
}

TEST(Http1, EndsAnIdleConnectionWithoutAWord) {
  FakeHost host(kEcho);
  host.feed(kGet);
  EXPECT_EQ(host.http1.waiting(), Waiting::for_request);
  host.sent.clear();
  host.http1.on_timeout();
  EXPECT_EQ(host.sent, "");
  EXPECT_EQ(host.finishes, 1);
}

TEST(Http1, AnswersForALateHandlerAndGivesItsExchangeUp) {
  for (const std::string_view method : {"GET", "HEAD"}) {
    FakeHost host(kEcho);
    static_cast<void>(host.http1.on_input(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n"));
    host.http1.on_timeout();
    EXPECT_EQ(host.abandoned.get(), host.submitted);
    EXPECT_TRUE(host.sent.starts_with("HTTP/1.1 503 "));
    EXPECT_EQ(host.sent.ends_with("\r\n\r\n"), method == "HEAD");
    EXPECT_EQ(host.finishes, 1);
  }
}

TEST(Http1, GivesTheExchangeUpWhenTheConnectionGoes) {
  FakeHost host(kEcho);
  static_cast<void>(host.http1.on_input(kGet));
  host.http1.on_closed();
  EXPECT_EQ(host.abandoned.get(), host.submitted);
}

TEST(Http1, DrainsAnIdleConnectionAtOnceAndABusyOneAfterItsAnswer) {
  FakeHost idle(kEcho);
  idle.http1.drain();
  EXPECT_EQ(idle.finishes, 1);

  FakeHost busy(kEcho);
  static_cast<void>(busy.http1.on_input(kGet));
  busy.http1.drain();
  EXPECT_EQ(busy.finishes, 0);
  busy.answer();
  EXPECT_TRUE(busy.sent.contains("connection: close\r\n"));
  EXPECT_EQ(busy.finishes, 1);

  FakeHost reading(kEcho);
  reading.feed("GET / HTTP/1.1\r\n");
  reading.http1.drain();
  reading.feed("Host: a\r\n\r\n");
  EXPECT_EQ(reading.answers, 1);
  EXPECT_EQ(reading.finishes, 1);
}

}  // namespace
}  // namespace mcdsl::net
