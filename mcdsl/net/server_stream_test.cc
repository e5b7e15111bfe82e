// Bodies that are on their way while their handlers run, over real sockets.
#include <array>
#include <atomic>
#include <fstream>
#include <semaphore>

#include <fcntl.h>
#include <gmock/gmock.h>

#include "mcdsl/net/internal/body_pipe.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + i * i % 23);
  }
  return text;
}

std::string chunked(std::string_view body, std::size_t chunk) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    const auto piece = body.substr(0, chunk);
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    text.append(size.data()).append(piece).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

std::string post(std::string_view path, std::string_view fields, std::string_view body = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

std::string with_length(std::string_view path, std::string_view body) {
  return post(path, "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

// Routes below "/in" take their bodies while they run.
class Streaming final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    request.set_route("/");
    return {.max_bytes = max_bytes, .streams = request.path().starts_with("/in")};
  }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    return handlers.at(std::string(request.path()))(request);
  }

  std::size_t max_bytes = std::size_t{1} << 30U;
  std::map<std::string, http::Handler> handlers;
};

Result<std::string> read_all(http::Request& request, std::size_t piece = 10'000) {
  std::string all;
  std::string buffer(piece, '\0');
  for (;;) {
    const auto count = request.read_body(buffer);
    if (!count) {
      return std::unexpected(count.error());
    }
    if (*count == 0) {
      return all;
    }
    all.append(buffer, 0, *count);
  }
}

class StreamTest : public ServerTest {
 protected:
  StreamTest() {
    app_.handlers["/in"] = [](http::Request& request) {
      auto body = read_all(request);
      return body ? http::text(*std::move(body)) : http::error(body.error());
    };
    app_.handlers["/in/ignored"] = [](http::Request&) { return http::text("early"); };
    app_.handlers["/plain"] = [](http::Request&) { return http::text("plain"); };
  }
  ~StreamTest() override {
    gate_.open();
    server_.reset();
  }

  Server& serve(ServerOptions options = {}, const Clock& clock = system_clock()) {
    server_.emplace(app_, options, log_.logger(), clock);
    address_ = server_->listen(*parse_address("127.0.0.1:0"), nullptr);
    server_->start();
    return *server_;
  }

  Server& serve_tls() {
    write_certificate();
    certificates_.emplace(dir_ / "cert.pem", dir_ / "key.pem", log_.logger());
    server_.emplace(app_, ServerOptions{}, log_.logger());
    address_ = server_->listen(*parse_address("127.0.0.1:0"), &*certificates_);
    server_->start();
    return *server_;
  }

  void answer_with_stream(std::string path, std::function<Result<void>(http::BodyWriter&)> produce,
                          std::optional<std::uint64_t> length = std::nullopt) {
    app_.handlers[std::move(path)] = [produce = std::move(produce), length](http::Request&) {
      http::Response response = http::stream("text/plain", produce);
      response.stream->length = length;
      return response;
    };
  }

  Streaming app_;
};

TEST_F(StreamTest, GivesAHandlerItsBodyWhileItComes) {
  std::counting_semaphore<> got{0};
  app_.handlers["/in"] = [&](http::Request& request) {
    std::array<char, 100> buffer{};
    std::string all;
    while (const auto count = request.read_body(buffer).value_or(0)) {
      all.append(buffer.data(), count);
      got.release();
    }
    return http::text(all);
  };
  serve();
  auto client = connect();
  client.send(post("/in", "Content-Length: 6\r\n"));
  client.send("one");
  got.acquire();
  client.send("two");
  EXPECT_EQ(client.receive()->body, "onetwo");
  EXPECT_EQ(client.exchange(get("/plain"))->body, "plain") << "and the connection goes on";
}

TEST_F(StreamTest, TakesBodiesOfEverySizeAndFraming) {
  serve();
  auto client = connect();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, BodyPipe::kCapacity, 5 * BodyPipe::kCapacity + 77}) {
    const std::string body = pattern(size);
    EXPECT_TRUE(client.exchange(with_length("/in", body))->body == body) << size;
    EXPECT_TRUE(client.exchange(post("/in", "Transfer-Encoding: chunked\r\n", chunked(body, 7777)))->body == body)
        << size;
  }
}

TEST_F(StreamTest, TakesABodyAndAPipelinedRequestBehindIt) {
  serve();
  auto client = connect();
  const std::string body = pattern(2 * BodyPipe::kCapacity);
  client.send(with_length("/in", body) + get("/plain"));
  EXPECT_TRUE(client.receive()->body == body);
  EXPECT_EQ(client.receive()->body, "plain");
}

TEST_F(StreamTest, HoldsASenderBackWhoseHandlerIsSlow) {
  constexpr std::size_t kSize = std::size_t{64} << 20U;
  std::size_t read = 0;
  app_.handlers["/in"] = [&](http::Request& request) {
    gate_.pass();
    read = read_all(request, std::size_t{1} << 20U).value().size();
    return http::text("done");
  };
  serve();
  auto client = connect();
  std::atomic<std::size_t> sent = 0;
  std::jthread sender([&] {
    client.send(post("/in", "Content-Length: " + std::to_string(kSize) + "\r\n"));
    for (const std::string piece(std::size_t{1} << 20U, 'x'); sent < kSize; sent += piece.size()) {
      client.send(piece);
    }
  });
  gate_.wait_for(1);
  while (sent == 0) {
    std::this_thread::yield();
  }
  EXPECT_LT(sent, kSize / 2) << "the socket is full";
  gate_.open();
  sender.join();
  EXPECT_EQ(client.receive()->body, "done");
  EXPECT_EQ(read, kSize);
}

TEST_F(StreamTest, RefusesABodyThatIsTooLongOrMalformedWhateverTheHandlerSays) {
  app_.max_bytes = 1000;
  std::atomic<int> code = 0;
  app_.handlers["/in"] = [&](http::Request& request) {
    const auto body = read_all(request);
    code = body ? 0 : static_cast<int>(body.error().code());
    return http::text("taken");
  };
  serve();
  EXPECT_EQ(connect().exchange(with_length("/in", pattern(1001)))->status, 413);
  EXPECT_EQ(connect().exchange(post("/in", "Transfer-Encoding: chunked\r\n", chunked(pattern(1001), 99)))->status, 413);
  EXPECT_EQ(code, static_cast<int>(Code::resource_exhausted));
  EXPECT_EQ(connect().exchange(post("/in", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nX\r\n"))->status, 400);
  EXPECT_EQ(code, static_cast<int>(Code::invalid_argument));
}

TEST_F(StreamTest, TellsAHandlerThatTheClientHasGone) {
  std::binary_semaphore told{0};
  Code code = Code::unknown;
  app_.handlers["/in"] = [&](http::Request& request) {
    code = read_all(request).error().code();
    told.release();
    return http::text("nobody reads this");
  };
  serve();
  auto client = connect();
  client.send(post("/in", "Content-Length: 1000\r\n", "some"));
  client.close();
  told.acquire();
  EXPECT_EQ(code, Code::cancelled);
}

TEST_F(StreamTest, EndsABodyThatComesTooSlowly) {
  RunningClock running(clock_);
  serve({.read_timeout = 5s}, clock_);
  auto client = connect();
  client.send(post("/in", "Content-Length: 1000\r\n", "some"));
  EXPECT_EQ(client.receive()->status, 408);
}

TEST_F(StreamTest, AnswersBeforeTheBodyHasComeAndEndsTheConnection) {
  serve();
  auto client = connect();
  client.send(post("/in/ignored", "Content-Length: 1000000\r\n", "some"));
  const auto answer = client.receive();
  EXPECT_EQ(answer->body, "early");
  EXPECT_EQ(answer->headers.get("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_F(StreamTest, SendsABodyWhileItIsWritten) {
  std::binary_semaphore go_on{0};
  answer_with_stream("/out", [&](http::BodyWriter& writer) -> Result<void> {
    value_or_throw(writer.write("first,"));
    go_on.acquire();
    return writer.write("second");
  });
  serve();
  auto client = connect();
  client.send(get("/out"));
  std::string seen;
  while (!seen.contains("first,")) {
    seen += client.receive_bytes(1);
  }
  EXPECT_THAT(seen, HasSubstr("transfer-encoding: chunked"));
  EXPECT_THAT(seen, Not(HasSubstr("second")));
  go_on.release();
  while (!seen.contains("0\r\n\r\n")) {
    seen += client.receive_bytes(1);
  }
  EXPECT_THAT(seen, HasSubstr("second"));
  EXPECT_EQ(client.exchange(get("/plain"))->body, "plain");
}

TEST_F(StreamTest, SendsALargeBodyInOrder) {
  const std::string body = pattern(20 * BodyPipe::kCapacity);
  const auto in_pieces = [&](http::BodyWriter& writer) -> Result<void> {
    for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(33'333, rest.size()))) {
      value_or_throw(writer.write(rest.substr(0, 33'333)));
    }
    return {};
  };
  answer_with_stream("/chunked", in_pieces);
  answer_with_stream("/sized", in_pieces, body.size());
  serve();
  auto client = connect();
  EXPECT_TRUE(client.exchange(get("/chunked"))->body == body);
  const auto sized = client.exchange(get("/sized"));
  EXPECT_EQ(sized->headers.get("content-length"), std::to_string(body.size()));
  EXPECT_TRUE(sized->body == body);
}

TEST_F(StreamTest, StopsAWriterWhoseClientHasGone) {
  std::binary_semaphore told{0};
  Code code = Code::unknown;
  answer_with_stream("/endless", [&](http::BodyWriter& writer) -> Result<void> {
    const std::string piece(100'000, 'x');
    for (;;) {
      if (const auto written = writer.write(piece); !written) {
        code = written.error().code();
        told.release();
        return written;
      }
    }
  });
  serve();
  auto client = connect();
  client.send(get("/endless"));
  EXPECT_FALSE(client.receive_bytes(1'000'000).empty());
  client.close();
  told.acquire();
  EXPECT_EQ(code, Code::cancelled);
}

TEST_F(StreamTest, CutsAnAnswerWhoseWriterFailsSoThatItIsNotTakenForWhole) {
  answer_with_stream("/error", [](http::BodyWriter& writer) -> Result<void> {
    value_or_throw(writer.write("part"));
    return fail(Code::internal, "no more");
  });
  answer_with_stream("/throw", [](http::BodyWriter& writer) -> Result<void> {
    value_or_throw(writer.write("part"));
    throw std::runtime_error("no more");
  });
  answer_with_stream("/short", [](http::BodyWriter& writer) { return writer.write("part"); }, 100);
  answer_with_stream("/long", [](http::BodyWriter& writer) { return writer.write("more than was said"); }, 4);
  serve();
  for (const char* path : {"/error", "/throw", "/short", "/long"}) {
    EXPECT_FALSE(connect().exchange(get(path))) << path;
  }
  EXPECT_THAT(log_.text(), HasSubstr("a response was cut short"));
  EXPECT_EQ(fetch("/plain")->body, "plain");
}

TEST_F(StreamTest, WritesNoBodyInAnswerToHead) {
  answer_with_stream("/out", [](http::BodyWriter& writer) { return writer.write("body"); }, 4);
  serve();
  auto client = connect();
  client.send("HEAD /out HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive(true)->headers.get("content-length"), "4");
  EXPECT_EQ(client.exchange(get("/plain"))->body, "plain");
}

TEST_F(StreamTest, EndsTheConnectionAfterABodyOfUnknownLengthForAnOldClient) {
  answer_with_stream("/out", [](http::BodyWriter& writer) { return writer.write("body"); });
  serve();
  auto client = connect();
  client.send("GET /out HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = client.receive_until_closed();
  EXPECT_THAT(all, Not(HasSubstr("transfer-encoding")));
  EXPECT_TRUE(all.ends_with("\r\n\r\nbody")) << all;
}

TEST_F(StreamTest, SendsAPartOfAFile) {
  const std::string content = pattern(std::size_t{3} << 20U);
  const auto path = dir_.write("file", content);
  const auto file = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  app_.handlers["/whole"] = [&](http::Request&) {
    http::Response response;
    response.file = http::FileBody{.fd = file, .offset = 0, .length = content.size()};
    return response;
  };
  app_.handlers["/part"] = [&](http::Request&) {
    http::Response response;
    response.file = http::FileBody{.fd = file, .offset = 1000, .length = 200'000};
    return response;
  };
  app_.handlers["/beyond"] = [&](http::Request&) {
    http::Response response;
    response.file = http::FileBody{.fd = file, .offset = content.size() - 10, .length = 20};
    return response;
  };
  for (const bool with_tls : {false, true}) {
    with_tls ? serve_tls() : serve();
    const auto new_client = [&] { return with_tls ? connect_tls() : connect(); };
    auto client = new_client();
    client.send(get("/whole") + get("/part") + get("/plain"));
    for (const auto& expected : {content, content.substr(1000, 200'000), std::string("plain")}) {
      const auto answer = client.receive();
      ASSERT_TRUE(answer) << with_tls;
      EXPECT_TRUE(answer->body == expected) << with_tls;
    }
    EXPECT_FALSE(new_client().exchange(get("/beyond"))) << "a file that is shorter than was promised";
  }
}

TEST_F(StreamTest, KeepsThreadsForOthersWhenClientsAreSlow) {
  serve({.max_handler_threads = 4});
  std::vector<testing::HttpClient> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(connect());
    slow.back().send(post("/in", "Content-Length: 4\r\n", "a"));
  }
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().requests == 3; }));
  const auto refused = connect().exchange(with_length("/in", "late"));
  EXPECT_EQ(refused->status, 503);
  EXPECT_TRUE(refused->headers.get("retry-after"));
  EXPECT_EQ(fetch("/plain")->body, "plain");
  for (auto& client : slow) {
    client.send("bcd");
    EXPECT_EQ(client.receive()->body, "abcd");
  }
  EXPECT_EQ(connect().exchange(with_length("/in", "late"))->body, "late");
}

TEST_F(StreamTest, FinishesBodiesThatAreOnTheirWayWhenItStops) {
  serve();
  auto client = connect();
  client.send(post("/in", "Content-Length: 6\r\n", "one"));
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().requests == 1; }));
  server_->stop();
  client.send("two");
  EXPECT_EQ(client.receive()->body, "onetwo");
  EXPECT_TRUE(server_->wait());
}

TEST_F(StreamTest, CutsABodyThatNeverEndsWhenTheTimeToStopIsOver) {
  RunningClock running(clock_);
  serve({.read_timeout = 0s, .shutdown_timeout = 5s}, clock_);
  auto client = connect();
  client.send(post("/in", "Content-Length: 6\r\n", "one"));
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().requests == 1; }));
  server_->stop();
  EXPECT_FALSE(server_->wait());
}

}  // namespace
}  // namespace mcdsl::net
