#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/grpcserver/internal/compression.h"
#include "mcdsl/http/request.h"

namespace mcdsl::grpcserver {

/// How a call travels. One handler answers all of them.
enum class Protocol : std::uint8_t { grpc, grpc_web, connect_unary, connect_stream, rest };

enum class Codec : std::uint8_t { proto, json };

/// What a request's content-type says of how it is to be read.
struct WireType {
  Protocol protocol;
  Codec codec;

  friend bool operator==(const WireType&, const WireType&) = default;
};

/// nullopt for a content-type of none of the protocols. Parameters (`; charset=utf-8`) are passed over.
[[nodiscard]] std::optional<WireType> parse_content_type(std::string_view content_type);

/// What the answer is called: "application/grpc+json".
[[nodiscard]] std::string_view content_type(WireType type);

/// The limits on messages, in bytes, before and after unpacking.
struct MessageLimits {
  std::size_t received;
  std::size_t sent;
};

/// How the messages of one call are packed into bytes.
struct MessageFormat {
  WireType type{};
  Encoding received = Encoding::identity;  ///< of messages that say they are packed
  bool accepts_gzip = false;               ///< whether answers may be
  MessageLimits limits{};

  /// Errors, visible: invalid_argument, resource_exhausted; `internal`, as gRPC wants it, for a message that says it is
  /// packed in a call that does not say how.
  [[nodiscard]] Result<void> decode(std::string_view payload, bool is_packed, google::protobuf::Message& into) const;

  struct Payload {
    std::string bytes;
    bool is_packed = false;
  };
  /// Errors: resource_exhausted for a message above the limit, internal for one that cannot be written.
  [[nodiscard]] Result<Payload> encode(const google::protobuf::Message& message, bool pack) const;
};

/// What the fields of a request say of its format. Errors, visible: unimplemented for a packing that is not known.
[[nodiscard]] Result<MessageFormat> read_format(WireType type, const http::Request& request, MessageLimits limits);

/// How long the caller waits; nullopt where it does not say. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<std::chrono::nanoseconds>> read_timeout(Protocol protocol,
                                                                           const http::Request& request);

/// When the time that a caller gives is over, noted in the request as its head comes: for a call whose body is slow the
/// time of that counts too. Of a stream the server counts from there as well, and at the end of it has the handler
/// stop: which by a count from its own start would find some time left, and call the call cancelled.
struct CallDeadline {
  Clock::SteadyTime time;
};

[[nodiscard]] constexpr Clock::SteadyTime after(Clock::SteadyTime now, std::chrono::nanoseconds timeout) {
  return timeout < Clock::SteadyTime::max() - now ? now + timeout : Clock::SteadyTime::max();
}

}  // namespace mcdsl::grpcserver
