#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl::grpcserver {

/// Bits of a frame's first byte. What they mean hangs on the protocol: gRPC knows `kCompressed` alone, gRPC-Web and
/// Connect streams end with a frame of their own. Whoever reads frames refuses the bits that its protocol does not
/// know.
constexpr std::uint8_t kCompressed = 0x01;
constexpr std::uint8_t kConnectEndOfStream = 0x02;
constexpr std::uint8_t kWebTrailers = 0x80;

/// A length-prefixed message (gRPC over HTTP/2, Length-Prefixed-Message): a byte of flags, four of length, the payload.
struct Frame {
  std::uint8_t flags = 0;
  std::string_view payload;
};

/// Cuts a stream of bytes into frames. It holds no more than what was pushed since the last frame was taken, so whoever
/// takes every frame after each push needs the memory of one message.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  /// Takes the bytes over; after an error they are dropped.
  void push(std::string_view bytes);

  /// The next whole frame, nullopt while bytes of it are missing. The payload is good until the next call of `push` or
  /// `next`. Errors: resource_exhausted, from the prefix alone, for a payload above the limit; the stream cannot be
  /// read on, and every later call says the same.
  [[nodiscard]] Result<std::optional<Frame>> next();

  /// Whether no part of a frame is left: a stream may end here. Never after an error.
  [[nodiscard]] bool is_empty() const noexcept { return !error_ && taken_ == buffer_.size(); }

 private:
  std::size_t max_message_bytes_;
  std::string buffer_;
  std::size_t taken_ = 0;  ///< bytes at the front of the buffer whose frames were given out
  std::optional<Error> error_;
};

/// The frame that is a whole body, without a copy; nullopt for an empty body. Errors, all visible: resource_exhausted
/// for a payload above `max`, invalid_argument for a body that ends within its frame, unimplemented for more than one
/// frame, as gRPC answers a request of the wrong cardinality.
[[nodiscard]] Result<std::optional<Frame>> only_frame(std::string_view body, std::size_t max);

/// Throws Exception (internal) for a payload of 4 GiB or more, which no prefix can announce.
void append_frame(std::string& out, std::uint8_t flags, std::string_view payload);

}  // namespace mcdsl::grpcserver
