// SIGTERM to a whole service over TLS, while a thousand clients are idle and two hundred wait for answers.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http2_frames.h"
#include "mcdsl/testing/eventually.h"
#include "service_process.h"

namespace mcdsl::net {
namespace {

constexpr auto kIdle = scaled(500);  // of each protocol
constexpr auto kBusy = scaled(100);
constexpr std::uint32_t kStreams = 3;  // requests at a time on a busy connection of HTTP/2

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string get_http2(std::string_view path, std::uint32_t stream) {
  return frame(FrameType::headers, kEndStream | kEndHeaders, stream, request_head(false, path));
}

// A client of HTTP/2 that answers pings, as all do; by it the server knows that its notice has been read.
class Http2Client {
 public:
  explicit Http2Client(testing::HttpClient connection) : connection_(std::move(connection)), frames_(connection_) {
    connection_.send(beginning());
  }

  void ask(std::string_view path) {
    connection_.send(get_http2(path, next_stream_));
    next_stream_ += 2;
  }

  // Reads until so many answers are whole; how many of them are good.
  std::size_t read_answers(std::size_t count) {
    std::size_t good = 0;
    std::size_t whole = 0;
    while (whole < count) {
      const auto next = read();
      if (!next) {
        break;
      }
      good += next->type == FrameType::headers && is_ok(next->payload) ? 1 : 0;
      whole += next->stream > 0 && (next->flags & kEndStream) != 0 ? 1 : 0;
    }
    return whole == count ? good : 0;
  }

  // Reads until the connection ends; whether the server has said before that it goes.
  bool is_told_goodbye() {
    while (read()) {
    }
    return told_goodbye_;
  }

 private:
  std::optional<FrameReader::Frame> read() {
    auto next = frames_.next();
    if (next && next->type == FrameType::ping && (next->flags & kAck) == 0) {
      connection_.send(frame(FrameType::ping, kAck, 0, next->payload));
    }
    told_goodbye_ = told_goodbye_ || (next && next->type == FrameType::goaway);
    return next;
  }

  testing::HttpClient connection_;
  FrameReader frames_;
  std::uint32_t next_stream_ = 1;
  bool told_goodbye_ = false;
};

TEST(ServiceDrain, FailsNoAcceptedRequestInEitherProtocol) {
  ASSERT_TRUE(allow_descriptors(2 * (kIdle + kBusy) + 200));
  ServiceProcess service("max_handler_threads = 500");
  std::vector<testing::HttpClient> idle;
  std::vector<std::unique_ptr<Http2Client>> idle_http2;
  for (std::uint64_t i = 0; i < kIdle; ++i) {
    ASSERT_EQ(idle.emplace_back(service.connect()).exchange(get("/hello"))->status, 200);
    auto& client = *idle_http2.emplace_back(std::make_unique<Http2Client>(service.connect("h2")));
    client.ask("/hello");
    ASSERT_EQ(client.read_answers(1), 1U);
  }
  std::vector<testing::HttpClient> busy;
  std::vector<std::unique_ptr<Http2Client>> busy_http2;
  for (std::uint64_t i = 0; i < kBusy; ++i) {
    busy.push_back(service.connect());
    busy_http2.push_back(std::make_unique<Http2Client>(service.connect("h2")));
  }
  for (std::uint64_t i = 0; i < kBusy; ++i) {
    ASSERT_TRUE(busy.at(i).send(get("/slow")));
    for (std::uint32_t stream = 0; stream < kStreams; ++stream) {
      busy_http2.at(i)->ask("/slow");
    }
  }
  ASSERT_TRUE(testing::eventually([&] { return idle.front().exchange(get("/begun"))->body != "0"; }));
  service.terminate();
  for (std::uint64_t i = 0; i < kBusy; ++i) {
    const auto answer = busy.at(i).receive();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "done");
    EXPECT_EQ(busy_http2.at(i)->read_answers(kStreams), kStreams) << i;
    EXPECT_TRUE(busy_http2.at(i)->is_told_goodbye());
  }
  for (std::uint64_t i = 0; i < kIdle; ++i) {
    EXPECT_EQ(idle.at(i).receive_until_closed(), "");
    EXPECT_TRUE(idle_http2.at(i)->is_told_goodbye());
  }
  EXPECT_EQ(service.wait(), 0) << service.log();
  EXPECT_FALSE(service.log().contains("cut")) << "requests in flight were cut";
}

}  // namespace
}  // namespace mcdsl::net
