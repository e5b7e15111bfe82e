#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::HttpClient;

// On a clock that stands still but where a test moves it: no timeout helps a drain to its end.
class DrainTest : public ServerTest {};

TEST_F(DrainTest, ClosesIdleConnectionsAtOnce) {
  start_tls({}, clock_);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(connect_tls());
    EXPECT_EQ(clients.back().exchange(get("/"))->status, 200);
  }
  server_->stop();
  EXPECT_TRUE(server_->wait());
  for (auto& client : clients) {
    EXPECT_EQ(client.receive_until_closed(), "");
  }
  EXPECT_EQ(server_->stats().open, 0U);
}

TEST_F(DrainTest, AnswersRequestsInFlightAndSaysThatTheConnectionEnds) {
  start({.loops = 1}, clock_);
  auto client = connect();
  client.send(get("/gate"));
  gate_.wait_for(1);
  server_->stop();
  EXPECT_TRUE(eventually([&] { return refuses_connections(); }));
  EXPECT_FALSE(server_->wait_for(0s));
  gate_.open();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "passed");
  EXPECT_EQ(answer->headers.get("connection"), "close");
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_TRUE(server_->wait());
}

TEST_F(DrainTest, AnswersRequestsThatWereSentBeforeTheStop) {
  for (int i = 0; i < 20; ++i) {
    start({.loops = 2}, clock_);
    auto idle = connect();
    EXPECT_EQ(idle.exchange(get("/"))->status, 200);
    idle.send(get("/last"));
    server_->stop();
    const auto answer = idle.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "/last");
    EXPECT_TRUE(server_->wait());
  }
}

TEST_F(DrainTest, TakesNoNewConnections) {
  start({}, clock_);
  server_->stop();
  EXPECT_TRUE(server_->wait());
  EXPECT_THROW(static_cast<void>(connect()), Exception);
  Server next(application_, {});
  EXPECT_EQ(next.listen(address_, nullptr).port, address_.port);
}

TEST_F(DrainTest, WaitsForARequestWhoseHeadHasBegun) {
  start({.loops = 1}, clock_);
  auto client = connect();
  EXPECT_EQ(client.exchange(get("/"))->status, 200);
  client.send("GET /late HTTP/1.1\r\n");
  EXPECT_EQ(fetch("/")->status, 200);  // the loop has seen the line above by now
  server_->stop();
  EXPECT_EQ(client.exchange("Host: a\r\n\r\n")->body, "/late");
  EXPECT_TRUE(server_->wait());
}

TEST_F(DrainTest, EndsHandshakesThatHaveNotEnded) {
  start_tls({}, clock_);
  auto silent = connect();
  auto begun = connect();
  begun.send("\x16\x03\x01");
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 2; }));
  server_->stop();
  EXPECT_TRUE(server_->wait());
  EXPECT_EQ(silent.receive_until_closed(), "");
  EXPECT_EQ(begun.receive_until_closed(), "");
}

TEST_F(DrainTest, CutsWhatStillRunsWhenTheTimeIsOver) {
  start({.shutdown_timeout = 5s, .loops = 1}, clock_);
  auto client = connect();
  client.send(get("/gate"));
  gate_.wait_for(1);
  server_->stop();
  {
    const RunningClock time(clock_);
    EXPECT_EQ(client.receive_until_closed(), "");
  }
  EXPECT_FALSE(server_->wait_for(0s));  // the handler is still there
  gate_.open();
  EXPECT_FALSE(server_->wait());
}

TEST_F(DrainTest, EndsWithAClientThatDoesNotReadWhenTheTimeIsOver) {
  application_.handlers["/big"] = [](http::Request&) { return http::text(std::string(std::size_t{32} << 20U, 'x')); };
  start({.write_timeout = 0s, .shutdown_timeout = 5s}, clock_);
  auto client = connect();
  client.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return server_->stats().requests == 1; }));
  server_->stop();
  const RunningClock time(clock_);
  EXPECT_FALSE(server_->wait());
}

TEST_F(DrainTest, MayBeAskedForFromAHandlerAndSeveralTimes) {
  application_.handlers["/stop"] = [this](http::Request&) {
    server_->stop();
    return http::text("stopping");
  };
  start({}, clock_);
  auto client = connect();
  EXPECT_EQ(client.exchange(get("/stop"))->body, "stopping");
  server_->stop();
  EXPECT_TRUE(server_->wait());
  EXPECT_TRUE(server_->wait());
}

TEST_F(DrainTest, IsRememberedByAServerThatHasNotStarted) {
  make({}, clock_);
  address_ = server_->listen(*parse_address("127.0.0.1:0"), nullptr);
  server_->stop();
  server_->start();
  EXPECT_TRUE(server_->wait());
  EXPECT_THROW(static_cast<void>(connect()), Exception);
}

TEST_F(DrainTest, NeedsNoStart) {
  make({}, clock_);
  EXPECT_TRUE(server_->wait());
  EXPECT_EQ(server_->stats().accepted, 0U);
}

}  // namespace
}  // namespace mcdsl::net
