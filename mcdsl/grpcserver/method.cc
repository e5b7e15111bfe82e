#include "mcdsl/grpcserver/method.h"

#include <memory>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {

Kind kind_of(const google::protobuf::MethodDescriptor& method) noexcept {
  if (method.client_streaming()) {
    return method.server_streaming() ? Kind::bidi_stream : Kind::client_stream;
  }
  return method.server_streaming() ? Kind::server_stream : Kind::unary;
}

Result<void> read_only(MessageReader& reader, google::protobuf::Message& into) {
  const auto first = reader.read(into);
  if (!first) {
    return std::unexpected(first.error());
  }
  if (!*first) {
    return fail_visible(Code::unimplemented, "the call has no message, and the method takes one");
  }
  return reader.expect_end();
}

}  // namespace mcdsl::grpcserver
