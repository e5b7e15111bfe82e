#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/grpcserver/internal/messages.h"
#include "mcdsl/grpcserver/internal/path_template.h"
#include "mcdsl/http/method.h"

namespace mcdsl::grpcserver {

/// One way to call a method by REST: a binding of `google.api.http`.
struct RestBinding {
  http::Method method;
  PathTemplate path;
  std::string body;           ///< the field that the body is: empty for none, "*" for all that the path does not name
  std::string response_body;  ///< the field that the answer is; empty for the whole message
};

/// The bindings of a method, `additional_bindings` too. Errors: internal, saying what is wrong with which of them.
[[nodiscard]] Result<std::vector<RestBinding>> rest_bindings(const google::protobuf::MethodDescriptor& method);

/// The message that a REST request is: body, then path, then query. Lifetime: request and binding outlive it.
class RestMessage final : public WireReader {
 public:
  RestMessage(const RestBinding& binding, const http::Request& request) : binding_(binding), request_(request) {}

  Result<bool> read(google::protobuf::Message& into) override;
  Result<void> expect_end() override { return {}; }

  /// Whether the body was refused for its content-type.
  [[nodiscard]] bool has_wrong_type() const noexcept { return has_wrong_type_; }

 private:
  [[nodiscard]] Result<void> read_body(google::protobuf::Message& into);

  const RestBinding& binding_;
  const http::Request& request_;
  bool is_read_ = false;
  bool has_wrong_type_ = false;
};

/// Answers with the field that a binding's `response_body` names. Lifetime: `to` outlives it.
class ResponseBody final : public MessageWriter {
 public:
  ResponseBody(const RestBinding& binding, MessageWriter& to) : binding_(binding), to_(to) {}

  Result<void> write(const google::protobuf::Message& message) override;

 private:
  const RestBinding& binding_;
  MessageWriter& to_;
};

}  // namespace mcdsl::grpcserver
