// Requests that have a time of their own, as calls of the RPC layer do: over real sockets, in both protocols.
#include <atomic>
#include <stop_token>

#include "mcdsl/net/internal/http2_client_test.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

http::Response too_late() {
  return http::text("the time for the call is over\n").with_status(504);
}

// "/call" and "/stream" have the time that is set here, in place of the server's.
class Calls final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    request.set_route("/");
    if (request.path() == "/other") {
      return {};
    }
    return {.streams = request.path() == "/stream", .timeout = timeout, .timed_out = too_late, .stops = true};
  }
  http::Response serve(http::Request& request) const override { return handler(request); }

  std::chrono::nanoseconds timeout = 0ns;
  http::Handler handler;
};

class CallTest : public ServerTest {
 protected:
  ~CallTest() override {
    gate_.open();
    server_.reset();
  }

  void serve(ServerOptions options = {}) {
    server_.emplace(calls_, options, log_.logger(), clock_);
    address_ = server_->listen(*parse_address("127.0.0.1:0"), nullptr);
    server_->start();
  }

  /// A handler that waits until it is told that nobody waits for it, or the test ends.
  void wait_for_the_stop() {
    calls_.handler = [this](http::Request& request) {
      const std::stop_callback notice(request.stop_token(), [this] { gate_.open(); });
      gate_.pass();
      was_stopped_ = request.stop_token().stop_requested();
      return http::text("too late");
    };
  }

  Calls calls_;
  std::atomic<bool> was_stopped_{false};
};

TEST_F(CallTest, AreAnsweredByTheirPlanWhenTheirTimeIsOver) {
  wait_for_the_stop();
  calls_.timeout = 5s;
  serve({.handler_timeout = 1s});
  auto client = connect();
  client.send(get("/call"));
  gate_.wait_for(1);
  clock_.advance(4s);
  EXPECT_FALSE(was_stopped_) << "the server's own timeout has ended it";
  clock_.advance(2s);
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 504);
  EXPECT_TRUE(testing::eventually([&] { return was_stopped_.load(); }));
}

TEST_F(CallTest, EndAloneOnTheirConnectionInHttp2) {
  calls_.handler = [this](http::Request& request) {
    if (request.path() == "/call") {
      gate_.pass();
    }
    return http::text("done");
  };
  calls_.timeout = 5s;
  serve();
  Http2Client client(connect());
  const auto call = client.request("GET", "/call");
  gate_.wait_for(1);
  EXPECT_EQ(client.get("/other").status, 200);
  clock_.advance(6s);
  EXPECT_EQ(client.wait_for(call).status, 504);
  EXPECT_EQ(client.get("/other").status, 200);
}

TEST_F(CallTest, MayHaveMoreTimeThanTheClockHas) {
  calls_.handler = [this](http::Request& request) {
    if (request.path() == "/call") {
      gate_.pass();
    }
    return http::text("done");
  };
  calls_.timeout = std::chrono::nanoseconds::max();
  serve();
  auto client = connect();
  client.send(get("/call"));
  gate_.wait_for(1);
  // The server looks at its clock again and again meanwhile.
  EXPECT_EQ(fetch("/other")->status, 200);
  clock_.advance(1h);
  EXPECT_EQ(fetch("/other")->status, 200);
  gate_.open();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

// In the terms that its clients know, which HTTP's status is not.
TEST_F(CallTest, AnswerForABodyThatTakesTooLongInHttp2) {
  calls_.timeout = 1h;
  calls_.handler = [](http::Request& request) {
    return http::text(request.refusal() ? "refused with " + std::to_string(request.refusal()->status) : "whole");
  };
  serve({.read_timeout = 5s});
  Http2Client client(connect());
  const auto stream = client.request("POST", "/call", {}, "some", true);
  EXPECT_EQ(client.get("/other").body, "whole");
  const RunningClock running(clock_);
  EXPECT_EQ(client.wait_for(stream).body, "refused with 408");
}

TEST_F(CallTest, AreToldWhenTheirClientHasGone) {
  wait_for_the_stop();
  serve();
  {
    auto client = connect();
    client.send(get("/call"));
    gate_.wait_for(1);
  }
  EXPECT_TRUE(testing::eventually([&] { return was_stopped_.load(); }));
}

TEST_F(CallTest, AreToldWhenTheirStreamIsReset) {
  wait_for_the_stop();
  serve();
  Http2Client client(connect());
  const auto call = client.request("GET", "/call");
  gate_.wait_for(1);
  client.reset(call);
  EXPECT_TRUE(testing::eventually([&] { return was_stopped_.load(); }));
}

TEST_F(CallTest, HaveNoStopTokenWhereTheirPlanWantsNone) {
  calls_.handler = [](http::Request& request) {
    return http::text(request.stop_token().stop_possible() ? "possible" : "impossible");
  };
  serve();
  EXPECT_EQ(fetch("/other")->body, "impossible");
  EXPECT_EQ(fetch("/call")->body, "possible");
}

// Both directions stand still for longer than any timeout of the server.
TEST_F(CallTest, MayBeSilentWithoutEndWhereTheirTimeHasNone) {
  calls_.handler = [this](http::Request& request) {
    if (request.path() == "/other") {
      return http::text("other");
    }
    return http::stream("text/plain", [this, &request](http::BodyWriter& writer) -> Result<void> {
      std::string bytes(100, '\0');
      (void)writer.write("begun ");
      gate_.pass();
      const auto count = request.read_body(bytes);
      return count ? writer.write(bytes.substr(0, *count)) : std::unexpected(count.error());
    });
  };
  serve({.read_timeout = 1s, .write_timeout = 1s, .idle_timeout = 1s, .handler_timeout = 1s});
  Http2Client client(connect());
  const auto call = client.request("POST", "/stream", {}, "", true);
  gate_.wait_for(1);
  ASSERT_TRUE(client.wait_until([&] { return client.answer(call).body == "begun "; }));
  for (int i = 0; i < 20; ++i) {
    clock_.advance(10s);
    EXPECT_EQ(Http2Client(connect()).get("/other").status, 200);  // a round of every loop
  }
  gate_.open();
  client.send_data(call, "and ended", true);
  EXPECT_EQ(client.wait_for(call).body, "begun and ended");
}

TEST_F(CallTest, WhoseAnswerHasBegunEndItThemselves) {
  calls_.timeout = 5s;
  calls_.handler = [this](http::Request& request) {
    return http::stream("text/plain", [this, &request](http::BodyWriter& writer) -> Result<void> {
      (void)writer.write("begun ");
      gate_.pass();
      std::string bytes(100, '\0');
      const auto count = request.read_body(bytes);
      writer.response().trailers.add("why", count ? "more" : name(count.error().code()));
      return writer.write(request.stop_token().stop_requested() ? "stopped" : "not stopped");
    });
  };
  serve();
  gate_.open();
  Http2Client client(connect());
  const auto call = client.request("POST", "/stream", {}, "", true);
  ASSERT_TRUE(client.wait_until([&] { return client.answer(call).body == "begun "; }));
  clock_.advance(6s);
  const auto& answer = client.wait_for(call);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "begun stopped");
  EXPECT_EQ(answer.trailers.get("why"), "deadline_exceeded");
}

TEST_F(CallTest, MayChangeALateHeadUntilTheFirstByte) {
  calls_.handler = [](http::Request&) {
    http::Response response = http::stream("text/plain", [](http::BodyWriter& writer) -> Result<void> {
      writer.response().status = 202;
      writer.response().headers.add("found", "late");
      return writer.write("body");
    });
    response.stream->late_head = true;
    return response;
  };
  serve();
  const auto answer = fetch("/call");
  EXPECT_EQ(answer->status, 202);
  EXPECT_EQ(answer->headers.get("found"), "late");
  EXPECT_EQ(Http2Client(connect()).get("/call").headers.get("found"), "late");
}

TEST_F(CallTest, SendALateHeadAlsoWithoutABody) {
  calls_.handler = [](http::Request&) {
    http::Response response = http::stream("text/plain", [](http::BodyWriter& writer) -> Result<void> {
      writer.response().headers.add("found", "late");
      writer.response().trailers.add("end", "also");
      return {};
    });
    response.stream->late_head = true;
    return response;
  };
  serve();
  EXPECT_EQ(fetch("/call")->headers.get("found"), "late");
  Http2Client client(connect());
  const auto& answer = client.get("/call");
  EXPECT_EQ(answer.headers.get("found"), "late");
  EXPECT_EQ(answer.trailers.get("end"), "also");
}

}  // namespace
}  // namespace mcdsl::net
