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

/// The bindings of a method, `additional_bindings` too. Errors: internal, saying all that is wrong with any of them.
[[nodiscard]] Result<std::vector<RestBinding>> rest_bindings(const google::protobuf::MethodDescriptor& method);

/// The message that a REST request is: body, then path, then query. Lifetime: all three outlive it.
class RestMessage final : public WireReader {
 public:
  RestMessage(const RestBinding& binding, const http::Request& request, const MessageFormat& format)
      : binding_(binding), request_(request), format_(format) {}

  Result<bool> read(google::protobuf::Message& into) override;
  Result<void> expect_end() override { return {}; }
  [[nodiscard]] int http_status_of_fault() const noexcept override { return status_; }

 private:
  [[nodiscard]] Result<void> read_body(google::protobuf::Message& into);

  const RestBinding& binding_;
  const http::Request& request_;
  const MessageFormat& format_;
  bool is_read_ = false;
  int status_ = 0;
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
