// HTTP/2 over real sockets.
#include <array>
#include <atomic>
#include <semaphore>

#include <fcntl.h>
#include <gmock/gmock.h>

#include "mcdsl/net/internal/body_pipe.h"
#include "mcdsl/net/internal/http2.h"
#include "mcdsl/net/internal/http2_client_test.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Paths below "/in" take their bodies while they run.
class Application final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    request.set_route(request.path().starts_with("/gate") ? "/gate" : "/");
    return {.max_bytes = max_bytes, .streams = request.path().starts_with("/in")};
  }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    const auto found = handlers.find(request.path());
    return found != handlers.end() ? found->second(request) : http::text(std::string(request.path()));
  }

  std::size_t max_bytes = std::size_t{64} << 20U;
  std::map<std::string, http::Handler, std::less<>> handlers;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + i * i % 23);
  }
  return text;
}

Result<std::string> read_all(http::Request& request) {
  std::string all;
  std::array<char, 10'000> buffer{};
  for (;;) {
    const auto count = request.read_body(buffer);
    if (!count) {
      return std::unexpected(count.error());
    }
    if (*count == 0) {
      return all;
    }
    all.append(buffer.data(), *count);
  }
}

class Http2Test : public ServerTest {
 protected:
  Http2Test() {
    app_.handlers["/gate"] = [this](http::Request&) {
      gate_.pass();
      return http::text("passed");
    };
    app_.handlers["/echo"] = [](http::Request& request) { return http::text(std::string(request.body())); };
    app_.handlers["/in"] = [](http::Request& request) {
      auto body = read_all(request);
      return body ? http::text(*std::move(body)) : http::error(body.error());
    };
  }
  ~Http2Test() override {
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

  Application app_;
};

TEST_F(Http2Test, IsSpokenByAlpn) {
  serve_tls();
  Http2Client client(connect_tls({.alpn = {"h2", "http/1.1"}}));
  EXPECT_EQ(client.connection().alpn(), "h2");
  EXPECT_EQ(client.get("/hello").status, 200);
  auto old = connect_tls({.alpn = {"http/1.1"}});
  EXPECT_EQ(old.alpn(), "http/1.1");
  EXPECT_EQ(old.exchange(net::get("/old"))->body, "/old");
  EXPECT_EQ(connect_tls({.alpn = {}}).exchange(net::get("/older"))->body, "/older");
}

TEST_F(Http2Test, IsSpokenInTheClearToWhoBeginsWithIt) {
  serve();
  Http2Client client(connect());
  EXPECT_EQ(client.get("/hello").body, "/hello");
  auto slow = connect();
  for (const char c : kHttp2Preface) {
    EXPECT_TRUE(slow.send(std::string(1, c)));
  }
  EXPECT_EQ(slow.receive_bytes(9).substr(3, 1), "\x04") << "SETTINGS";
  EXPECT_EQ(connect().exchange("PRI * HTTP/1.1\r\nHost: a\r\n\r\n")->status, 501) << "only as a whole";
}

TEST_F(Http2Test, AnswersManyRequestsAtOnce) {
  serve();
  Http2Client client(connect());
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(client.request("GET", "/" + std::to_string(i)));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(client.wait_for(ids[i]).body, "/" + std::to_string(i));
  }
}

TEST_F(Http2Test, LetsABlockedRequestHoldUpNoOther) {
  serve({.loops = 1});
  Http2Client client(connect());
  for (int round = 0; round < 3; ++round) {  // also when the route is known to block
    const auto blocked = client.request("GET", "/gate");
    gate_.wait_for(1);
    EXPECT_EQ(client.get("/fast").body, "/fast");
    EXPECT_FALSE(client.answer(blocked).closed);
    gate_.open();
    EXPECT_EQ(client.wait_for(blocked).body, "passed");
    gate_.shut();
  }
}

TEST_F(Http2Test, GivesTheHandlerWholeRequests) {
  app_.handlers["/all"] = [](http::Request& request) {
    std::string seen = std::string(name(request.method())) + " " + std::string(request.query()) + "\n";
    for (const auto field : request.headers()) {
      seen.append(field.name).append("=").append(field.value).append("\n");
    }
    return http::text(seen + std::string(request.body()));
  };
  serve();
  Http2Client client(connect());
  const auto id = client.request("POST", "/all?a=b", {{"cookie", "a=1"}, {"cookie", "b=2"}, {"x-mine", "yes"}}, "body");
  EXPECT_EQ(client.wait_for(id).body, "POST a=b\nx-mine=yes\nhost=localhost\ncookie=a=1; b=2\nbody");
  EXPECT_TRUE(client.answer(id).headers.contains("date"));
  EXPECT_EQ(client.answer(id).headers.get("content-length"), std::to_string(client.answer(id).body.size()));
}

TEST_F(Http2Test, TakesAndSendsBodiesOfEverySize) {
  serve();
  Http2Client client(connect());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, 5 * BodyPipe::kCapacity + 77}) {
    const std::string body = pattern(size);
    for (const char* path : {"/echo", "/in"}) {
      EXPECT_TRUE(client.wait_for(client.request("POST", path, {}, body)).body == body) << path << size;
    }
  }
}

TEST_F(Http2Test, GivesAHandlerItsBodyWhileItComes) {
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
  Http2Client client(connect());
  const auto id = client.request("POST", "/in", {}, "one", true);
  got.acquire();
  client.send_data(id, "two", true);
  EXPECT_EQ(client.wait_for(id).body, "onetwo");
}

TEST_F(Http2Test, HoldsBackASenderWhoseHandlerIsSlowAndNoOther) {
  std::size_t read = 0;
  app_.handlers["/in/slow"] = [&](http::Request& request) {
    gate_.pass();
    read = read_all(request).value().size();
    return http::text("done");
  };
  serve();
  Http2Client client(connect());
  const std::size_t size = 20 * BodyPipe::kCapacity;
  const auto slow = client.request("POST", "/in/slow", {}, pattern(size));
  gate_.wait_for(1);
  const std::string body = pattern(3 * BodyPipe::kCapacity);
  EXPECT_TRUE(client.wait_for(client.request("POST", "/echo", {}, body)).body == body);
  gate_.open();
  EXPECT_EQ(client.wait_for(slow).body, "done");
  EXPECT_EQ(read, size);
}

TEST_F(Http2Test, SendsWhatIsWrittenWhileItLeavesAndFiles) {
  const std::string body = pattern(7 * BodyPipe::kCapacity);
  const auto path = dir_.write("file", body);
  const auto file = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  app_.handlers["/stream"] = [&](http::Request&) {
    return http::stream("text/plain", [&](http::BodyWriter& writer) { return writer.write(body); });
  };
  app_.handlers["/file"] = [&](http::Request&) {
    http::Response response;
    response.file = http::FileBody{.fd = file, .offset = 10, .length = body.size() - 10};
    return response;
  };
  app_.handlers["/failing"] = [](http::Request&) {
    return http::stream("text/plain", [](http::BodyWriter& writer) -> Result<void> {
      value_or_throw(writer.write("part"));
      return fail(Code::internal, "no more");
    });
  };
  serve();
  Http2Client client(connect());
  const auto stream = client.request("GET", "/stream");
  const auto whole = client.request("GET", "/file");
  EXPECT_TRUE(client.wait_for(stream).body == body);
  EXPECT_TRUE(client.wait_for(whole).body == body.substr(10));
  EXPECT_EQ(client.get("/failing").error, NGHTTP2_INTERNAL_ERROR) << "not to be taken for whole";
  EXPECT_EQ(client.get("/after").body, "/after");
}

// What TLS has taken from the socket and not given out is seen by nobody but TLS.
TEST_F(Http2Test, ReadsAWindowThatCameWhileItsOutputWasFull) {
  constexpr std::int32_t kMore = 80 << 10;  // more than a connection holds of its output
  constexpr std::size_t kRounds = 100;
  constexpr std::size_t kFrame = 16'384;
  constexpr std::size_t kFirst = 65'535;  // the windows of the beginning (RFC 9113 §6.9.2)
  app_.handlers["/large"] = [](http::Request&) { return http::text(pattern(kFirst + (kRounds + 1) * 2 * kMore)); };
  serve_tls();
  Http2Client client(connect_tls({.alpn = {"h2"}}), Http2Client::Windows::by_hand);
  const auto id = client.request("GET", "/large");
  for (std::size_t round = 0; round <= kRounds; ++round) {
    const std::size_t allowed = kFirst + round * 2 * kMore;
    // What is less than a frame may wait for more.
    ASSERT_TRUE(client.wait_until([&] { return client.answer(id).body.size() + kFrame >= allowed; }))
        << "round " << round << ": " << client.answer(id).body.size() << " of " << allowed;
    client.widen(0, 2 * kMore);
    client.widen(id, kMore);
    client.widen(id, kMore);
  }
  EXPECT_TRUE(client.wait_for(id).body == pattern(kFirst + (kRounds + 1) * 2 * kMore));
}

TEST_F(Http2Test, WritesNoBodyWhereNoneBelongs) {
  app_.handlers["/nothing"] = [](http::Request&) { return http::no_content(); };
  serve();
  Http2Client client(connect());
  const auto head = client.request("HEAD", "/length");
  EXPECT_EQ(client.wait_for(head).body, "");
  EXPECT_EQ(client.answer(head).headers.get("content-length"), "7");
  const auto& nothing = client.get("/nothing");
  EXPECT_EQ(nothing.status, 204);
  EXPECT_FALSE(nothing.headers.contains("content-length"));
}

TEST_F(Http2Test, PassesTrailersInBothDirections) {
  app_.handlers["/trailers"] = [](http::Request& request) {
    http::Response response = http::text(std::string(request.body()));
    response.trailers.add("x-answer", request.trailers().get("x-question").value_or("none"));
    return response;
  };
  serve();
  Http2Client client(connect());
  const auto id = client.request("POST", "/trailers", {}, "body", false, {{"x-question", "what"}});
  EXPECT_EQ(client.wait_for(id).body, "body");
  EXPECT_EQ(client.answer(id).trailers.get("x-answer"), "what");
  // A client that knows the length (curl is one) ends there, and never sees the trailers.
  EXPECT_FALSE(client.answer(id).headers.contains("content-length"));
}

TEST_F(Http2Test, KeepsNoTrailerThatBelongsIntoAHead) {
  app_.handlers["/trailers"] = [](http::Request& request) {
    http::Response response =
        http::text(std::to_string(request.trailers().size()) + std::string(request.header("host").value_or("none")) +
                   (request.bearer_token() ? "known" : "unknown"));
    response.trailers.add("content-length", "7");
    response.trailers.add("x-kept", "yes");
    return response;
  };
  serve();
  Http2Client client(connect());
  const auto id =
      client.request("POST", "/trailers", {}, "body", false,
                     {{"host", "evil"}, {"x-forwarded-host", "evil"}, {"authorization", "Bearer b"}, {"x", "y"}});
  EXPECT_EQ(client.wait_for(id).body, "1localhostunknown");
  EXPECT_EQ(client.answer(id).trailers.size(), 1U);
  EXPECT_EQ(client.answer(id).trailers.get("x-kept"), "yes");
}

TEST_F(Http2Test, HoldsTrailersToTheLimitsOfAHead) {
  serve({.max_header_bytes = 4096, .max_header_fields = 20});
  Http2Client client(connect());
  for (const char* path : {"/echo", "/in"}) {
    const auto post = [&](const Http2Client::Fields& trailers) {
      return client.wait_for(client.request("POST", path, {}, "body", false, trailers)).status;
    };
    EXPECT_EQ(post(Http2Client::Fields(20, {"x-many", "1"})), 200) << path;
    EXPECT_EQ(post(Http2Client::Fields(21, {"x-many", "1"})), 431) << path;
    EXPECT_EQ(post({{"x-large", std::string(5000, 'x')}}), 431) << path;
  }
  EXPECT_EQ(server_->stats().at(Limit::max_header_fields), 2U);
  EXPECT_EQ(server_->stats().at(Limit::max_header_bytes), 2U);
}

// nghttp2 passes over such fields; HTTP/1.1 refuses them, and two readers of one request must not differ.
TEST_F(Http2Test, RefusesFieldsThatNoMessageMayHave) {
  serve();
  Http2Client client(connect());
  const std::array<std::pair<std::string, std::string>, 6> fields{{{"x", "a\r\nhost: b"},
                                                                   {"x", "a\nb"},
                                                                   {"x", std::string("a\0b", 3)},
                                                                   {"x", "a\x7f"},
                                                                   {"x y", "a"},
                                                                   {"x\r\ny", "a"}}};
  for (const auto& [name, value] : fields) {
    EXPECT_EQ(client.get("/", {{name, value}}).status, 400) << name << value;
    EXPECT_EQ(client.wait_for(client.request("POST", "/echo", {}, "b", false, {{name, value}})).status, 400);
  }
  EXPECT_EQ(server_->stats().requests, 0U);
  EXPECT_EQ(server_->stats().malformed, 2 * fields.size());
  EXPECT_EQ(client.get("/after").body, "/after");
}

TEST_F(Http2Test, RefusesWhatIsTooLarge) {
  app_.max_bytes = 1000;
  serve({.max_header_bytes = 4096, .max_header_fields = 20});
  Http2Client client(connect());
  EXPECT_EQ(client.get("/", {{"x-large", std::string(5000, 'x')}}).status, 431);
  EXPECT_EQ(client.get("/", Http2Client::Fields(40, {"x-many", "1"})).status, 431);
  for (const char* path : {"/echo", "/in"}) {
    EXPECT_EQ(client.wait_for(client.request("POST", path, {{"content-length", "1001"}}, pattern(1001))).status, 413);
    EXPECT_EQ(client.wait_for(client.request("POST", path, {}, pattern(1001))).status, 413) << path;
  }
  EXPECT_EQ(client.wait_for(client.request("POST", "/echo", {}, pattern(1000))).status, 200);
  EXPECT_EQ(client.wait_for(client.request("BREW", "/")).status, 501);
}

TEST_F(Http2Test, EndsTheConnectionOfAHeadThatIsFarPastTheLimit) {
  serve({.max_header_bytes = 4096, .max_header_fields = 20});
  Http2Client client(connect());
  EXPECT_EQ(client.get("/", {{"x-large", std::string(10'000, 'x')}}).status, 431);
  EXPECT_EQ(server_->stats().at(Limit::flood), 0U);
  EXPECT_EQ(client.get("/", Http2Client::Fields(3, {"x-large", std::string(10'000, 'x')})).status, 0);
  EXPECT_EQ(server_->stats().at(Limit::flood), 1U);
  EXPECT_EQ(server_->stats().requests, 0U);
}

TEST_F(Http2Test, CountsAFloodOfResetsAndReadsNoMoreOfIt) {
  serve({}, clock_);  // which stands still: who lingers would do so for ever
  Http2Client client(connect());
  EXPECT_TRUE(testing::eventually([&] {
    client.reset(client.request("GET", "/"));
    return server_->stats().at(Limit::flood) == 1;
  }));
  EXPECT_FALSE(client.wait_until([] { return false; }));
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().open == 0; }));
}

TEST_F(Http2Test, RefusesMoreRequestsAtATimeThanItTakes) {
  serve({.max_streams = 2});
  Http2Client client(connect());
  const auto first = client.request("GET", "/gate");
  const auto second = client.request("GET", "/gate");
  static_cast<void>(client.request("GET", "/third"));  // before the client has heard of the limit
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().at(Limit::max_streams) == 1; }));
  gate_.open();
  EXPECT_EQ(client.wait_for(first).body, "passed");
  EXPECT_EQ(client.wait_for(second).body, "passed");
  EXPECT_EQ(client.get("/later").body, "/later");
}

TEST_F(Http2Test, TellsAHandlerWhoseClientHasLostInterest) {
  std::binary_semaphore told{0};
  Code code = Code::unknown;
  app_.handlers["/in"] = [&](http::Request& request) {
    code = read_all(request).error().code();
    told.release();
    return http::text("nobody reads this");
  };
  serve();
  Http2Client client(connect());
  const auto id = client.request("POST", "/in", {}, "some", true);
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().requests == 1; }));
  client.reset(id);
  told.acquire();
  EXPECT_EQ(code, Code::cancelled);
  EXPECT_EQ(client.get("/after").body, "/after");
}

TEST_F(Http2Test, AnswersWhoIsTooSlow) {
  RunningClock running(clock_);
  serve({.read_timeout = 5s}, clock_);
  Http2Client client(connect());
  for (const char* path : {"/echo", "/in"}) {
    EXPECT_EQ(client.wait_for(client.request("POST", path, {}, "some", true)).status, 408) << path;
  }
}

TEST_F(Http2Test, AnswersForAHandlerThatIsTooSlow) {
  RunningClock running(clock_);
  serve({.handler_timeout = 5s}, clock_);
  Http2Client client(connect());
  EXPECT_EQ(client.get("/gate").status, 503);
  gate_.open();
  EXPECT_EQ(client.get("/after").body, "/after");
}

TEST_F(Http2Test, SaysGoodbyeToAnIdleClient) {
  RunningClock running(clock_);
  serve({.idle_timeout = 5s}, clock_);
  Http2Client client(connect());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_FALSE(client.wait_until([] { return false; }));
  EXPECT_EQ(client.goaways(), 1);
}

TEST_F(Http2Test, FinishesWhatIsInFlightWhenItStops) {
  serve();
  Http2Client busy(connect());
  Http2Client idle(connect());
  EXPECT_EQ(idle.get("/").status, 200);
  const auto id = busy.request("GET", "/gate");
  gate_.wait_for(1);
  server_->stop();
  EXPECT_FALSE(idle.wait_until([] { return false; }));
  EXPECT_EQ(idle.goaways(), 1);
  EXPECT_TRUE(busy.wait_until([&] { return busy.goaways() > 0; }));
  gate_.open();
  EXPECT_EQ(busy.wait_for(id).body, "passed");
  EXPECT_TRUE(server_->wait());
}

}  // namespace
}  // namespace mcdsl::net
