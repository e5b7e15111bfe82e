#include <gtest/gtest.h>

#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using testing::eventually;

class TimeoutTest : public ServerTest {};

TEST_F(TimeoutTest, AnswersAHeadThatDoesNotEndWith408) {
  start({}, clock_);
  auto client = connect();
  client.send("GET / HT");
  const RunningClock time(clock_);
  EXPECT_EQ(client.receive()->status, 408);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(server_->stats().at(Limit::header_timeout), 1U);
}

TEST_F(TimeoutTest, AnswersABodyThatDoesNotEndWith408) {
  start_tls({}, clock_);
  auto client = connect_tls();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  const RunningClock time(clock_);
  EXPECT_EQ(client.receive()->status, 408);
  EXPECT_EQ(server_->stats().at(Limit::read_timeout), 1U);
}

TEST_F(TimeoutTest, ClosesAConnectionThatNeverSpeaks) {
  start({}, clock_);
  auto client = connect();
  const RunningClock time(clock_);
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_F(TimeoutTest, ClosesAHandshakeThatDoesNotEnd) {
  start_tls({}, clock_);
  auto client = connect();
  client.send("\x16\x03\x01");
  const RunningClock time(clock_);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(server_->stats().at(Limit::header_timeout), 1U);
}

TEST_F(TimeoutTest, ClosesAnIdleConnectionWithoutAWord) {
  start({}, clock_);
  auto client = connect();
  EXPECT_EQ(client.exchange(get("/"))->status, 200);
  const RunningClock time(clock_);
  EXPECT_EQ(client.receive_until_closed(), "");
  EXPECT_EQ(server_->stats().at(Limit::idle_timeout), 1U);
}

TEST_F(TimeoutTest, ClosesAnIdleConnectionWhateverScrapsOfRecordsItSends) {
  start_tls({.loops = 1}, clock_);
  auto client = connect_tls();
  EXPECT_EQ(client.exchange(get("/"))->status, 200);
  // The head of a record of 16,000 bytes, and then one of these at a time, all within the idle timeout.
  EXPECT_TRUE(client.send_below_tls("\x17\x03\x03\x3e\x80"));
  EXPECT_TRUE(eventually([&] {
    clock_.advance(5s);
    client.send_below_tls("x");
    return server_->stats().open == 0;
  }));
}

TEST_F(TimeoutTest, KeepsAConnectionThatIsUsed) {
  start({}, clock_);
  auto client = connect();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.exchange(get("/"))->status, 200);
    clock_.advance(100s);
  }
  EXPECT_EQ(server_->stats().accepted, 1U);
}

TEST_F(TimeoutTest, AnswersForAHandlerThatIsLate) {
  start({.handler_timeout = 5s, .loops = 1}, clock_);
  auto client = connect();
  client.send(get("/gate"));
  gate_.wait_for(1);
  {
    const RunningClock time(clock_);
    EXPECT_EQ(client.receive()->status, 503);
    EXPECT_EQ(client.receive_until_closed(), "");
  }
  gate_.open();  // its own answer goes nowhere
  EXPECT_EQ(fetch("/")->status, 200);
  EXPECT_EQ(server_->stats().at(Limit::handler_timeout), 1U);
}

TEST_F(TimeoutTest, ClosesAClientThatDoesNotReadItsAnswer) {
  application_.handlers["/big"] = [](http::Request&) { return http::text(std::string(std::size_t{32} << 20U, 'x')); };
  start({}, clock_);
  auto client = connect();
  client.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return server_->stats().requests == 1; }));
  const RunningClock time(clock_);
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 0; }));
  EXPECT_EQ(server_->stats().at(Limit::write_timeout), 1U);
}

TEST_F(TimeoutTest, ReadsARefusedBodyOnlyForAWhile) {
  start({}, clock_);
  auto client = connect();
  client.send("BAD\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_TRUE(client.send("more that nobody wants"));
  const RunningClock time(clock_);
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 0; }));
}

TEST_F(TimeoutTest, NeverComesWhereItIsZero) {
  start({.header_timeout = 0s, .idle_timeout = 0s, .loops = 1}, clock_);
  auto idle = connect();
  EXPECT_EQ(idle.exchange(get("/"))->status, 200);
  auto slow = connect();
  slow.send("GET / HTTP/1.1\r\n");
  clock_.advance(std::chrono::hours(1000));
  EXPECT_EQ(fetch("/")->status, 200);
  EXPECT_EQ(idle.exchange(get("/"))->status, 200);
  EXPECT_EQ(slow.exchange("Host: a\r\n\r\n")->status, 200);
}

}  // namespace
}  // namespace mcdsl::net
