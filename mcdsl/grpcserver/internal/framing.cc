#include "mcdsl/grpcserver/internal/framing.h"

#include <limits>

namespace mcdsl::grpcserver {
namespace {

constexpr std::size_t kPrefixBytes = 5;

// A buffer that one long message made large is not kept for the rest of a stream that may idle for hours.
constexpr std::size_t kMostIdleBytes = std::size_t{64} << 10U;

// The length that a whole prefix announces.
std::uint32_t payload_length(std::string_view prefix) noexcept {
  std::uint32_t length = 0;
  for (const char c : prefix.substr(1, 4)) {
    length = (length << 8U) | static_cast<unsigned char>(c);
  }
  return length;
}

// The frame at the front of the bytes; nullopt while some of it is missing.
Result<std::optional<Frame>> front_frame(std::string_view bytes, std::size_t max) {
  if (bytes.size() < kPrefixBytes) {
    return std::nullopt;
  }
  const std::uint32_t length = payload_length(bytes);
  if (length > max) {
    return fail_visible(Code::resource_exhausted, "message of " + std::to_string(length) +
                                                      " bytes is larger than the limit of " + std::to_string(max));
  }
  if (bytes.size() - kPrefixBytes < length) {
    return std::nullopt;
  }
  return Frame{static_cast<std::uint8_t>(bytes.front()), bytes.substr(kPrefixBytes, length)};
}

}  // namespace

void FrameReader::push(std::string_view bytes) {
  if (error_) {
    return;
  }
  buffer_.erase(0, taken_);
  taken_ = 0;
  buffer_.append(bytes);
}

Result<std::optional<Frame>> FrameReader::next() {
  if (error_) {
    return fail(*error_);
  }
  auto frame = front_frame(std::string_view(buffer_).substr(taken_), max_message_bytes_);
  if (!frame) {
    error_ = frame.error();
    buffer_ = std::string();
    taken_ = 0;
  } else if (*frame) {
    taken_ += kPrefixBytes + (*frame)->payload.size();
  } else if (is_empty() && buffer_.capacity() > kMostIdleBytes) {
    buffer_ = std::string();
    taken_ = 0;
  }
  return frame;
}

Result<std::optional<Frame>> only_frame(std::string_view body, std::size_t max) {
  if (body.empty()) {
    return std::nullopt;
  }
  auto frame = front_frame(body, max);
  if (!frame) {
    return frame;
  }
  if (!*frame) {
    if (body.size() < kPrefixBytes) {
      return fail_visible(Code::invalid_argument, "the body ends within the prefix of its message");
    }
    return fail_visible(Code::invalid_argument,
                        "the body ends within its message: " + std::to_string(body.size() - kPrefixBytes) + " of " +
                            std::to_string(payload_length(body)) + " bytes came");
  }
  if (body.size() != kPrefixBytes + (*frame)->payload.size()) {
    return fail_visible(Code::unimplemented, "the body holds more than one message, and this method takes one");
  }
  return frame;
}

void append_frame(std::string& out, std::uint8_t flags, std::string_view payload) {
  if (payload.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Exception(Code::internal, "a message of " + std::to_string(payload.size()) + " bytes fits no frame");
  }
  const auto length = static_cast<std::uint32_t>(payload.size());
  out.push_back(static_cast<char>(flags));
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out.push_back(static_cast<char>((length >> shift) & 0xFFU));
  }
  out.append(payload);
}

}  // namespace mcdsl::grpcserver
