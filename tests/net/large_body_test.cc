// A gibibyte in either direction, in both protocols, over TLS: the process that serves it must not hold it.

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "http2_frames.h"
#include "service_process.h"

namespace mcdsl::net {
namespace {

constexpr std::uint64_t kSize = scaled(std::uint64_t{1} << 30U);
constexpr std::uint64_t kSmall = 4'000'000;  // more than any buffer on the way holds
constexpr std::size_t kMostGrowth = std::size_t{16} << 20U;

std::uint64_t download(testing::HttpClient client, const std::string& path) {
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::string head;
  while (!head.contains("\r\n\r\n")) {
    const std::string more = client.receive_bytes(1);
    if (more.empty()) {
      return 0;
    }
    head += more;
  }
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 "));
  std::uint64_t size = head.size() - head.find("\r\n\r\n") - 4;
  for (std::string piece = client.receive_bytes(1); !piece.empty(); piece = client.receive_bytes(1)) {
    size += piece.size();
  }
  return size;
}

// How much the server says has come.
std::string upload(testing::HttpClient client, std::uint64_t size) {
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  const std::string piece(std::size_t{64} << 10U, 'u');
  for (std::uint64_t left = size; left > 0;) {
    const auto count = std::min<std::uint64_t>(left, piece.size());
    if (!client.send(std::string_view(piece).substr(0, count))) {
      return "cut";
    }
    left -= count;
  }
  const auto answer = client.receive();
  return answer ? answer->body : "no answer";
}

// With a window that is larger than the whole, so that only the socket holds the server back.
std::uint64_t download_http2(testing::HttpClient client, const std::string& path) {
  constexpr std::uint32_t kLargest = 0x7fff'ffff;
  std::string settings("\0\x04", 2);  // SETTINGS_INITIAL_WINDOW_SIZE
  append_number(settings, kLargest, 4);
  std::string window;
  append_number(window, kLargest - 65'535, 4);
  client.send(beginning(settings) + frame(FrameType::window, 0, 0, window) +
              frame(FrameType::headers, kEndStream | kEndHeaders, 1, request_head(false, path)));
  FrameReader frames(client);
  std::uint64_t size = 0;
  while (const auto next = frames.next()) {
    if (next->type == FrameType::headers) {
      EXPECT_TRUE(is_ok(next->payload));
    } else if (next->type == FrameType::data) {
      size += next->payload.size();
    }
    if (next->stream == 1 && (next->flags & kEndStream) != 0) {
      break;
    }
  }
  return size;
}

std::string upload_http2(testing::HttpClient client, std::uint64_t size) {
  client.send(beginning() + frame(FrameType::headers, kEndHeaders, 1, request_head(true, "/upload")));
  FrameReader frames(client);
  const std::string piece(16'384, 'u');  // what a frame may hold where nobody said otherwise (RFC 9113 §4.2)
  std::int64_t connection_window = 65'535;
  std::int64_t stream_window = 65'535;
  std::int64_t initial_window = 65'535;
  std::string answer;
  for (std::uint64_t left = size;;) {
    std::string batch;
    while (left > 0 && std::min(connection_window, stream_window) > 0) {
      const auto count = std::min({left, static_cast<std::uint64_t>(connection_window),
                                   static_cast<std::uint64_t>(stream_window), std::uint64_t{piece.size()}});
      left -= count;
      connection_window -= static_cast<std::int64_t>(count);
      stream_window -= static_cast<std::int64_t>(count);
      batch += frame(FrameType::data, left == 0 ? kEndStream : 0, 1, std::string_view(piece).substr(0, count));
    }
    if (!client.send(batch)) {
      return "cut";
    }
    const auto next = frames.next();
    if (!next || next->type == FrameType::rst_stream || next->type == FrameType::goaway) {
      return "cut";
    }
    if (next->type == FrameType::window) {
      (next->stream == 0 ? connection_window : stream_window) += read_number(next->payload);
    } else if (next->type == FrameType::data) {
      answer += next->payload;
    } else if (next->type == FrameType::settings && (next->flags & kAck) == 0) {
      for (std::size_t at = 0; at + 6 <= next->payload.size(); at += 6) {
        const std::string_view setting = std::string_view(next->payload).substr(at, 6);
        if (read_number(setting.substr(0, 2)) == 4) {
          stream_window +=
              read_number(setting.substr(2)) - std::exchange(initial_window, read_number(setting.substr(2)));
        }
      }
      client.send(frame(FrameType::settings, kAck, 0));
    }
    if (next->stream == 1 && (next->flags & kEndStream) != 0) {
      return answer;
    }
  }
}

// Does the same with little and then with all of it: the second time must need no more memory than the first. The most
// that there ever was is the kernel's figure.
template <class Transfer>
void expect_flat_memory(Transfer transfer) {
  const ServiceProcess service;
  transfer(service, kSmall);
  const auto before = service.memory();
  ASSERT_GT(before.now, 0U);
  transfer(service, kSize);
  const auto after = service.memory();
  std::cout << "from " << (before.now >> 10U) << " KiB to at most " << (after.most >> 10U) << " KiB\n";
  if (!kIsSanitized) {  // whose allocators keep what is freed
    EXPECT_LT(after.most, before.now + kMostGrowth);
  }
}

TEST(LargeBody, IsWrittenAsAStreamInHttp1) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(download(service.connect(), "/stream?bytes=" + std::to_string(size)), size);
  });
}

TEST(LargeBody, IsSentFromAFileInHttp1) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(download(service.connect(), "/file?bytes=" + std::to_string(size)), size);
  });
}

TEST(LargeBody, IsTakenInHttp1) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(upload(service.connect(), size), std::to_string(size));
  });
}

TEST(LargeBody, IsWrittenAsAStreamInHttp2) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(download_http2(service.connect("h2"), "/stream?bytes=" + std::to_string(size)), size);
  });
}

TEST(LargeBody, IsSentFromAFileInHttp2) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(download_http2(service.connect("h2"), "/file?bytes=" + std::to_string(size)), size);
  });
}

TEST(LargeBody, IsTakenInHttp2) {
  expect_flat_memory([](const ServiceProcess& service, std::uint64_t size) {
    EXPECT_EQ(upload_http2(service.connect("h2"), size), std::to_string(size));
  });
}

}  // namespace
}  // namespace mcdsl::net
