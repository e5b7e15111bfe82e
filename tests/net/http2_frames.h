#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {

/// The types of frames (RFC 9113 §6).
enum class FrameType : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push,
  ping,
  goaway,
  window,
  continuation
};

inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

inline void append_number(std::string& bytes, std::uint32_t number, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(number >> static_cast<unsigned>(shift)));
  }
}

inline std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes) {
    number = number << 8U | static_cast<unsigned char>(byte);
  }
  return number;
}

/// A frame on the wire (RFC 9113 §4.1).
inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = "") {
  std::string bytes;
  append_number(bytes, static_cast<std::uint32_t>(payload.size()), 3);
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  append_number(bytes, stream, 4);
  return bytes.append(payload);
}

/// What a connection begins with: the preface and our settings (RFC 9113 §3.4).
inline std::string beginning(std::string_view settings = "") {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(FrameType::settings, 0, 0, settings);
}

/// The head of a request by entries of the static table (RFC 7541, appendix A); the path has less than 127 bytes.
inline std::string request_head(bool is_post, std::string_view path) {
  std::string head = is_post ? "\x83" : "\x82";
  head.append("\x87\x04").push_back(static_cast<char>(path.size()));
  return head.append(path).append(
      "\x01\x01"
      "a");
}

/// Whether an encoded head begins with ":status: 200" (entry 8 of the static table).
inline bool is_ok(std::string_view head) {
  return head.starts_with('\x88');
}

/// Reads frames from a connection. Threads: one at a time.
class FrameReader {
 public:
  struct Frame {
    FrameType type;
    std::uint8_t flags;
    std::uint32_t stream;
    std::string payload;
  };

  explicit FrameReader(testing::HttpClient& connection) : connection_(connection) {}

  /// The next one; nullopt where the connection ended.
  std::optional<Frame> next() {
    if (!have(9)) {
      return std::nullopt;
    }
    const std::string_view head = std::string_view(bytes_).substr(from_, 9);
    const std::size_t size = read_number(head.substr(0, 3));
    Frame frame{.type = static_cast<FrameType>(head[3]),
                .flags = static_cast<std::uint8_t>(head[4]),
                .stream = read_number(head.substr(5)),
                .payload = {}};
    if (!have(9 + size)) {
      return std::nullopt;
    }
    frame.payload.assign(bytes_, from_ + 9, size);
    from_ += 9 + size;
    return frame;
  }

 private:
  bool have(std::size_t size) {
    while (bytes_.size() - from_ < size) {
      bytes_.erase(0, std::exchange(from_, 0));
      const std::string more = connection_.receive_bytes(1);
      if (more.empty()) {
        return false;
      }
      bytes_ += more;
    }
    return true;
  }

  testing::HttpClient& connection_;
  std::string bytes_;
  std::size_t from_ = 0;
};

}  // namespace mcdsl::net
