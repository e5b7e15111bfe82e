#include "mcdsl/net/internal/http2.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/net/internal/fake_http2_host_test.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kReset = 3;
constexpr std::uint8_t kSettings = 4;
constexpr std::uint8_t kPing = 6;
constexpr std::uint8_t kGoAway = 7;
constexpr std::uint8_t kWindow = 8;

class Large final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& /*request*/) const override { return http::text(std::string(1'000'000, 'x')); }
};

// A client that gets answers of a megabyte and gives no window for them but at first.
class Http2SlowReader : public ::testing::Test {
 protected:
  Http2SlowReader() { host_.feed(std::string(kHttp2Preface) + Frame{.type = kSettings}.bytes()); }

  // ":method: GET", ":path: /", ":scheme: https" and ":authority: a" (RFC 7541, appendix A).
  void ask(std::uint32_t stream) {
    host_.feed(Frame{.type = kHeaders,
                     .flags = 5,
                     .stream = stream,
                     .payload = "\x82\x84\x87\x01\x01"
                                "a"}
                   .bytes());
  }

  // Time passes, and something comes that asks for nothing.
  void wait(std::chrono::seconds time) {
    host_.time += time;
    host_.feed(Frame{.type = kPing, .payload = "12345678"}.bytes());
    host_.flush(1'000'000);
  }

  void give_window(std::uint32_t size) {
    for (const std::uint32_t stream : {0U, 1U}) {
      std::string payload;
      for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        payload.push_back(static_cast<char>(size >> shift));
      }
      host_.feed(Frame{.type = kWindow, .stream = stream, .payload = payload}.bytes());
    }
  }

  // The error of the RST_STREAM of a stream; -1 where there is none.
  [[nodiscard]] int reset_of(std::uint32_t stream) const {
    std::string_view rest = host_.sent;
    for (Frame frame; frame.take_from(rest);) {
      if (frame.type == kReset && frame.stream == stream) {
        return frame.payload.back();
      }
    }
    return -1;
  }
  [[nodiscard]] std::size_t received() const {
    std::string_view rest = host_.sent;
    std::size_t size = 0;
    for (Frame frame; frame.take_from(rest);) {
      size += frame.type == kData ? frame.payload.size() : 0;
    }
    return size;
  }

  const Large application_;
  FakeHttp2Host host_{application_, {.write_timeout = 5s, .handler_timeout = 5s}};
};

TEST_F(Http2SlowReader, LosesTheStreamThatItDoesNotReadWhateverElseItSends) {
  ask(1);
  host_.answer();
  wait(1s);
  EXPECT_EQ(received(), 65'535U);
  for (int i = 0; i < 67; ++i) {  // 5 s, and one for each KiB
    EXPECT_EQ(reset_of(1), -1) << i;
    wait(1s);
  }
  wait(1s);
  EXPECT_EQ(reset_of(1), NGHTTP2_CANCEL);
  EXPECT_EQ(host_.counters.limited[static_cast<std::size_t>(Limit::write_timeout)].get(), 1U);
  EXPECT_EQ(host_.finishes, 0);
}

TEST_F(Http2SlowReader, KeepsItWhileItReads) {
  ask(1);
  host_.answer();
  for (int i = 0; i < 100; ++i) {
    give_window(9'000);
    wait(8s);
  }
  EXPECT_EQ(reset_of(1), -1);
  EXPECT_GT(received(), 900'000U);
}

TEST_F(Http2SlowReader, HasItsHandlersTimedOutEachForItself) {
  ask(1);
  wait(4s);
  ask(3);
  wait(2s);
  EXPECT_EQ(host_.abandoned, 1) << "the second has 3 s left";
  wait(2s);
  EXPECT_EQ(host_.abandoned, 1);
  wait(2s);
  EXPECT_EQ(host_.abandoned, 2);
  EXPECT_EQ(host_.counters.limited[static_cast<std::size_t>(Limit::handler_timeout)].get(), 2U);
}

class Small final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& /*request*/) const override { return http::text("x"); }
};

class Http2Drain : public ::testing::Test {
 protected:
  Http2Drain() {
    host_.time += 1h;
    host_.feed(std::string(kHttp2Preface) + Frame{.type = kSettings}.bytes());
  }

  void ask() {
    host_.feed(Frame{.type = kHeaders,
                     .flags = 5,
                     .stream = 1,
                     .payload = "\x82\x84\x87\x01\x01"
                                "a"}
                   .bytes());
  }

  // The last stream that each GOAWAY names.
  [[nodiscard]] std::vector<std::uint32_t> goodbyes() const {
    std::vector<std::uint32_t> all;
    std::string_view rest = host_.sent;
    for (Frame frame; frame.take_from(rest);) {
      if (frame.type == kGoAway) {
        std::uint32_t last = 0;
        for (const char byte : frame.payload.substr(0, 4)) {
          last = last << 8U | static_cast<unsigned char>(byte);
        }
        all.push_back(last);
      }
    }
    return all;
  }

  static constexpr std::uint32_t kAny = 0x7fff'ffff;

  const Small application_;
  FakeHttp2Host host_{application_, {}};
};

TEST_F(Http2Drain, NamesTheLastStreamThatItTookThoughThePingIsNotAnswered) {
  ask();
  host_.http2.drain();
  EXPECT_EQ(goodbyes(), std::vector{kAny});
  host_.answer();
  EXPECT_EQ(goodbyes(), (std::vector{kAny, 1U}));
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(Http2Drain, NamesItOnceWhereThePingIsAnswered) {
  ask();
  host_.http2.drain();
  host_.feed(Frame{.type = kPing, .flags = 1, .payload = std::string(8, '\0')}.bytes());
  EXPECT_EQ(goodbyes(), (std::vector{kAny, 1U}));
  EXPECT_EQ(host_.finishes, 0);
  host_.answer();
  EXPECT_EQ(goodbyes(), (std::vector{kAny, 1U}));
  EXPECT_EQ(host_.finishes, 1);
}

TEST_F(Http2Drain, LetsWhoIsAtWorkReadItsAnswers) {
  ask();
  host_.http2.drain();
  host_.answer();
  EXPECT_TRUE(host_.lingers) << "what the client sends meanwhile must not reset the connection";
}

TEST_F(Http2Drain, LetsWhoWasAtWorkAMomentAgoReadItsAnswers) {
  ask();
  host_.answer();
  host_.time += 999ms;
  host_.http2.drain();
  EXPECT_EQ(goodbyes(), std::vector{1U});
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_TRUE(host_.lingers);
}

TEST_F(Http2Drain, ClosesAnIdleConnectionAtOnce) {
  ask();
  host_.answer();
  host_.time += 1s;
  host_.http2.drain();
  EXPECT_EQ(goodbyes(), std::vector{1U});
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_FALSE(host_.lingers);
}

TEST_F(Http2Drain, ClosesAConnectionThatNeverAskedAtOnce) {
  host_.http2.drain();
  EXPECT_EQ(host_.finishes, 1);
  EXPECT_FALSE(host_.lingers);
}

}  // namespace
}  // namespace mcdsl::net
