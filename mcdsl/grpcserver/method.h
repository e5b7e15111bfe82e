#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "mcdsl/auth/access.h"
#include "mcdsl/base/result.h"
#include "mcdsl/grpcserver/context.h"

namespace mcdsl::grpcserver {

/// Where the messages of a caller come from. Threads: one at a time.
class MessageReader {
 public:
  virtual ~MessageReader() = default;

  /// Waits for the next message and reads it; false at their end. Errors, from then on at every call: cancelled when
  /// the caller has gone, deadline_exceeded, and what the message deserves (invalid_argument, resource_exhausted).
  [[nodiscard]] virtual Result<bool> read(google::protobuf::Message& into) = 0;

  /// Waits for the end, where no message may come any more. Errors: unimplemented where one does; those of `read`.
  [[nodiscard]] virtual Result<void> expect_end() = 0;

 protected:
  MessageReader() = default;
  MessageReader(const MessageReader&) = default;
  MessageReader& operator=(const MessageReader&) = default;
};

/// Where the messages of an answer go. Threads: one at a time, which may be another than the reader's.
class MessageWriter {
 public:
  virtual ~MessageWriter() = default;

  /// Sends a message; waits while the caller is slow to read. Errors: cancelled when the caller has gone,
  /// deadline_exceeded, resource_exhausted for a message above the limit.
  [[nodiscard]] virtual Result<void> write(const google::protobuf::Message& message) = 0;

 protected:
  MessageWriter() = default;
  MessageWriter(const MessageWriter&) = default;
  MessageWriter& operator=(const MessageWriter&) = default;
};

enum class Kind : std::uint8_t { unary, client_stream, server_stream, bidi_stream };

/// Of a method, by its `stream` keywords.
[[nodiscard]] Kind kind_of(const google::protobuf::MethodDescriptor& method) noexcept;

/// Reads the one message of a method whose caller does not stream. Errors: unimplemented where there is none, or more
/// than one, as gRPC answers a request of the wrong cardinality; the reader's.
[[nodiscard]] Result<void> read_only(MessageReader& reader, google::protobuf::Message& into);

/// One RPC and the code behind it. protoc-gen-mcdsl makes these.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  /// Reads what there is to read, writes the answers. Called from several threads at once; may block; may throw.
  std::function<Result<void>(const Context&, MessageReader&, MessageWriter&)> call;
};

/// Implemented by every class that protoc-gen-mcdsl generates, and through it by the program's own.
class ServiceBase {
 public:
  virtual ~ServiceBase() = default;

  /// Every method of the service. Lifetime: good while the service lives.
  [[nodiscard]] virtual std::vector<Method> methods() = 0;

  /// The rule for methods of which neither the program nor the proto file says one; by default there is none.
  [[nodiscard]] virtual std::optional<auth::Access> default_access() const { return std::nullopt; }

 protected:
  ServiceBase() = default;
  ServiceBase(const ServiceBase&) = default;
  ServiceBase& operator=(const ServiceBase&) = default;
};

}  // namespace mcdsl::grpcserver
