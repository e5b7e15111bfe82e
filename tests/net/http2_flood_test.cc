// Clients of HTTP/2 that mean harm: each is cut off within a second, and others are served meanwhile.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "http2_frames.h"
#include "mcdsl/base/error.h"
#include "service_process.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kMostGrowth = std::size_t{16} << 20U;

const std::string kHead = request_head(false, "/hello");

// Literal fields with incremental indexing, and those that refer to the first of the dynamic table (RFC 7541 §6).
std::string new_field(std::string_view name, std::size_t value_size) {
  std::string bytes = "\x40";
  bytes.push_back(static_cast<char>(name.size()));
  bytes.append(name);
  bytes.push_back('\x7f');  // the length is 127 and more
  for (std::size_t rest = value_size - 127;; rest >>= 7U) {
    bytes.push_back(static_cast<char>(rest < 128 ? rest : (rest & 0x7fU) | 0x80U));
    if (rest < 128) {
      break;
    }
  }
  return bytes.append(value_size, 'x');
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

class Flood : public ::testing::Test {
 protected:
  // Floods again and again: each time the beginning and then one frame after the other, until the server has had
  // enough. Meanwhile others come, each over a new connection.
  template <class Next>
  void expect_cut(std::string_view beginning_frames, Next next) {
    flood(beginning_frames, next);  // what is needed once is there
    const auto before = service_.memory();
    std::vector<double> cut_after;
    std::vector<double> answered_after;
    {
      const std::jthread attacker([&](const std::stop_token& stop) {
        try {
          do {
            cut_after.push_back(flood(beginning_frames, next));
          } while (!stop.stop_requested());
        } catch (const Exception& problem) {
          ADD_FAILURE() << problem.what();
        }
      });
      for (int i = 0; i < 20; ++i) {
        answered_after.push_back(visit());
      }
    }
    const auto after = service_.memory();
    std::cout << cut_after.size() << " floods, the longest for " << std::ranges::max(cut_after)
              << " ms; a new client was answered in " << median(answered_after) << " ms, at worst in "
              << std::ranges::max(answered_after) << "; memory grew by " << ((after.most - before.now) >> 10U)
              << " KiB\n";
    if (!kIsSanitized) {  // who are slow, and whose allocators keep what is freed
      EXPECT_LT(std::ranges::max(cut_after), 1000);
      EXPECT_LT(median(answered_after), 100);
      EXPECT_LT(after.most, before.now + kMostGrowth);
    }
  }

 private:
  // For how many milliseconds it went.
  template <class Next>
  double flood(std::string_view beginning_frames, Next next) const {
    constexpr int kMost = 5'000'000;
    testing::HttpClient client = service_.connect("h2");
    client.send(beginning() + std::string(beginning_frames));
    const auto begin = std::chrono::steady_clock::now();
    int sent = 0;
    for (std::string batch; sent < kMost; batch.clear()) {
      for (int i = 0; i < 100; ++i) {
        batch += next(sent++);
      }
      if (!client.send(batch)) {
        break;
      }
    }
    EXPECT_LT(sent, kMost) << "nobody stopped it";
    return Milliseconds(std::chrono::steady_clock::now() - begin).count();
  }

  [[nodiscard]] double visit() const {
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = service_.connect().exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(answer && answer->status == 200);
    return Milliseconds(std::chrono::steady_clock::now() - begin).count();
  }

  const ServiceProcess service_;
};

std::uint32_t stream_of(int number) {
  return static_cast<std::uint32_t>(number) * 2 + 1;
}

TEST_F(Flood, OfRequestsThatAreResetAtOnce) {
  expect_cut("", [](int i) {
    return frame(FrameType::headers, kEndStream | kEndHeaders, stream_of(i), kHead) +
           frame(FrameType::rst_stream, 0, stream_of(i), std::string("\0\0\0\x08", 4));
  });
}

TEST_F(Flood, OfEmptyContinuations) {
  expect_cut(frame(FrameType::headers, kEndStream, 1, kHead), [](int) { return frame(FrameType::continuation, 0, 1); });
}

TEST_F(Flood, OfContinuationsWithFields) {
  const std::string field = new_field("x-flood", 200);
  expect_cut(frame(FrameType::headers, kEndStream, 1, kHead),
             [&](int) { return frame(FrameType::continuation, 0, 1, field); });
}

TEST_F(Flood, OfSettings) {
  expect_cut("", [](int) { return frame(FrameType::settings, 0, 0); });
}

TEST_F(Flood, OfPings) {
  expect_cut("", [](int) { return frame(FrameType::ping, 0, 0, "12345678"); });
}

TEST_F(Flood, OfEmptyData) {
  expect_cut(frame(FrameType::headers, kEndHeaders, 1, kHead), [](int) { return frame(FrameType::data, 0, 1); });
}

TEST_F(Flood, OfPriorities) {
  expect_cut("",
             [](int i) { return frame(FrameType::priority, 0, stream_of(i % 50), std::string("\0\0\0\0\x10", 5)); });
}

TEST_F(Flood, OfUnknownFrames) {
  expect_cut("", [](int) { return frame(static_cast<FrameType>(0x77), 0, 0, "unknown"); });
}

// One field of 3,000 bytes goes into the table; each byte after that stands for all of it.
const std::string kReferences(16'000, '\xbe');

TEST_F(Flood, OfFieldsThatExpandAThousandfold) {
  const std::string bomb = kHead + new_field("x-bomb", 3000);
  expect_cut(frame(FrameType::headers, kEndStream | kEndHeaders, 1, bomb), [&](int i) {
    return frame(FrameType::headers, kEndStream | kEndHeaders, stream_of(i + 1), kHead + kReferences);
  });
}

TEST_F(Flood, OfFieldsThatNoMessageMayHaveAndThatExpandAThousandfold) {
  const std::string bomb = kHead + new_field("x bomb", 3000);
  expect_cut(frame(FrameType::headers, kEndStream | kEndHeaders, 1, bomb), [&](int i) {
    return frame(FrameType::headers, kEndStream | kEndHeaders, stream_of(i + 1), kHead + kReferences);
  });
}

TEST_F(Flood, OfTrailersThatExpandAThousandfold) {
  const std::string bomb = kHead + new_field("x-bomb", 3000);
  const std::string head = request_head(true, "/hello");
  expect_cut(frame(FrameType::headers, kEndStream | kEndHeaders, 1, bomb), [&](int i) {
    return frame(FrameType::headers, kEndHeaders, stream_of(i + 1), head) +
           frame(FrameType::headers, kEndStream | kEndHeaders, stream_of(i + 1), kReferences);
  });
}

}  // namespace
}  // namespace mcdsl::net
