#include "mcdsl/grpcserver/internal/messages.h"

#include <span>
#include <utility>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {
namespace {

constexpr std::size_t kPiece = std::size_t{16} << 10U;

bool has_frames(Protocol protocol) {
  return protocol != Protocol::connect_unary && protocol != Protocol::rest;
}

Result<void> check_flags(const Frame& frame) {
  if ((frame.flags & ~kCompressed) != 0) {
    return fail_visible(Code::internal, "a message with flags that nobody knows");
  }
  return {};
}

}  // namespace

Result<bool> BodyMessage::read(google::protobuf::Message& into) {
  if (std::exchange(is_read_, true)) {
    return false;
  }
  Frame frame{format_.received == Encoding::gzip ? kCompressed : std::uint8_t{0}, body_};
  if (has_frames(format_.type.protocol)) {
    const auto only = only_frame(body_, format_.limits.received);
    if (!only) {
      return fault(only.error());
    }
    if (!*only) {
      return false;
    }
    frame = **only;
    if (auto known = check_flags(frame); !known) {
      return fault(std::move(known).error());
    }
  }
  if (auto decoded = format_.decode(frame.payload, frame.flags != 0, into); !decoded) {
    return fault(std::move(decoded).error());
  }
  return true;
}

Result<std::optional<Frame>> StreamMessages::next_frame() {
  if (error_) {
    return std::unexpected(*error_);
  }
  for (;;) {
    auto frame = frames_.next();
    if (!frame) {
      return fault(*(error_ = std::move(frame).error()));
    }
    if (*frame) {
      return frame;
    }
    if (is_over_) {
      if (!frames_.is_empty()) {
        return fault(*(error_ = Error::visible(Code::invalid_argument, "the stream ends within a message")));
      }
      return std::nullopt;
    }
    buffer_.resize(kPiece);
    const auto count = request_.read_body(buffer_);
    if (!count) {
      return std::unexpected(*(error_ = count.error()));
    }
    is_over_ = *count == 0;
    frames_.push(std::string_view(buffer_).substr(0, *count));
  }
}

Result<bool> StreamMessages::read(google::protobuf::Message& into) {
  const auto frame = next_frame();
  if (!frame) {
    return std::unexpected(frame.error());
  }
  if (!*frame) {
    return false;
  }
  auto decoded = check_flags(**frame);
  if (decoded) {
    decoded = format_.decode((*frame)->payload, (*frame)->flags != 0, into);
  }
  if (!decoded) {
    return fault(*(error_ = std::move(decoded).error()));
  }
  return true;
}

Result<void> StreamMessages::expect_end() {
  const auto frame = next_frame();
  if (!frame) {
    return std::unexpected(frame.error());
  }
  if (*frame) {
    return fault(Error::visible(Code::unimplemented, "the call has several messages, and the method takes one"));
  }
  return {};
}

void put_headers(Context& context, http::Headers& into) {
  for (const auto [name, value] : context.response_headers()) {
    into.add(name, value);
  }
}

Result<void> BodyAnswer::write(const google::protobuf::Message& message) {
  if (std::exchange(is_written_, true)) {
    return fail(Code::internal, "a second answer to a call that has one");
  }
  auto payload = format_.encode(message, context_.compresses_answers());
  if (!payload) {
    return std::unexpected(std::move(payload).error());
  }
  if (has_frames(format_.type.protocol)) {
    append_frame(response_.body, payload->is_packed ? kCompressed : std::uint8_t{0}, payload->bytes);
    if (payload->is_packed) {
      response_.headers.set("grpc-encoding", "gzip");
    }
  } else {
    response_.body = std::move(payload->bytes);
    if (payload->is_packed) {
      response_.headers.set("content-encoding", "gzip");
    }
  }
  return {};
}

Result<void> StreamAnswer::write(const google::protobuf::Message& message) {
  if (auto wanted = context_.still_wanted(); !wanted) {
    return wanted;
  }
  const bool is_rest = format_.type.protocol == Protocol::rest;
  // What the head does not name, no message may be packed in.
  if (!has_begun_) {
    packs_ = context_.compresses_answers() && !is_rest;
  }
  auto payload = format_.encode(message, packs_ && context_.compresses_answers());
  if (!payload) {
    return std::unexpected(std::move(payload).error());
  }
  std::string bytes;
  if (is_rest) {
    bytes = std::move(payload->bytes) + "\n";
  } else {
    append_frame(bytes, payload->is_packed ? kCompressed : std::uint8_t{0}, payload->bytes);
  }
  if (!std::exchange(has_begun_, true)) {
    put_headers(context_, out_.response().headers);
    if (payload->is_packed) {
      const bool is_connect = format_.type.protocol == Protocol::connect_stream;
      out_.response().headers.set(is_connect ? "connect-content-encoding" : "grpc-encoding", "gzip");
    }
  }
  return out_.write(bytes);
}

}  // namespace mcdsl::grpcserver
