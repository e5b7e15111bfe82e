#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/grpcserver/internal/framing.h"
#include "mcdsl/grpcserver/internal/wire.h"
#include "mcdsl/grpcserver/method.h"
#include "mcdsl/http/response.h"

namespace mcdsl::grpcserver {

/// The reader of a call's messages, which knows whether a call ended because the caller broke the protocol.
class WireReader : public MessageReader {
 public:
  [[nodiscard]] bool has_fault() const noexcept { return has_fault_; }

  /// The status of HTTP that the fault has for REST, where no code stands for it; 0 for none.
  [[nodiscard]] virtual int http_status_of_fault() const noexcept { return 0; }

 protected:
  /// Notes the fault of an error that the caller's bytes deserve.
  [[nodiscard]] std::unexpected<Error> fault(Error error) {
    has_fault_ = true;
    return std::unexpected(std::move(error));
  }

 private:
  bool has_fault_ = false;
};

/// Left in a request whose call cannot be read, so that its handler is not entered.
struct Unreadable {
  Error error;
};

/// The reader of a call that cannot be read.
class NoMessages final : public WireReader {
 public:
  explicit NoMessages(Error error) : error_(std::move(error)) {}

  Result<bool> read(google::protobuf::Message& /*into*/) override { return fault(error_); }
  Result<void> expect_end() override { return fault(error_); }

 private:
  Error error_;
};

/// The messages of a body that is here: at most one. Lifetime: the body outlives it.
class BodyMessage final : public WireReader {
 public:
  /// `body` is a frame, or where the protocol has none the message itself.
  BodyMessage(const MessageFormat& format, std::string_view body) : format_(format), body_(body) {}

  Result<bool> read(google::protobuf::Message& into) override;
  Result<void> expect_end() override { return {}; }  // more than one has been refused by `read`

 private:
  const MessageFormat& format_;
  std::string_view body_;
  bool is_read_ = false;
};

/// The messages of a body that is on its way.
class StreamMessages final : public WireReader {
 public:
  StreamMessages(const MessageFormat& format, http::Request& request)
      : format_(format), request_(request), frames_(format.limits.received) {}

  Result<bool> read(google::protobuf::Message& into) override;
  Result<void> expect_end() override;

 private:
  [[nodiscard]] Result<std::optional<Frame>> next_frame();

  const MessageFormat& format_;
  http::Request& request_;
  FrameReader frames_;
  std::string buffer_;
  bool is_over_ = false;  // of the body
  std::optional<Error> error_;
};

/// The one message of an answer whose method does not stream, as the body of a response.
class BodyAnswer final : public MessageWriter {
 public:
  BodyAnswer(const MessageFormat& format, Context& context, http::Response& response)
      : format_(format), context_(context), response_(response) {}

  Result<void> write(const google::protobuf::Message& message) override;

 private:
  const MessageFormat& format_;
  Context& context_;
  http::Response& response_;
  bool is_written_ = false;
};

/// The messages of an answer that streams. The head leaves with the first of them.
class StreamAnswer final : public MessageWriter {
 public:
  StreamAnswer(const MessageFormat& format, Context& context, http::BodyWriter& out)
      : format_(format), context_(context), out_(out) {}

  Result<void> write(const google::protobuf::Message& message) override;
  [[nodiscard]] bool has_begun() const noexcept { return has_begun_; }

 private:
  const MessageFormat& format_;
  Context& context_;
  http::BodyWriter& out_;
  bool has_begun_ = false;
  bool packs_ = false;
};

/// Moves the metadata that a handler has set into a response.
void put_headers(Context& context, http::Headers& into);

}  // namespace mcdsl::grpcserver
