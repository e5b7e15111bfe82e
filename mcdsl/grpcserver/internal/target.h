#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "mcdsl/auth/access.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/interceptor.h"
#include "mcdsl/grpcserver/internal/rest.h"
#include "mcdsl/grpcserver/internal/wire.h"
#include "mcdsl/grpcserver/method.h"

namespace mcdsl::grpcserver {

/// A method with the chain around it, or the place of those that there are not.
struct Target {
  std::string name;  ///< "mcq.v1.DocumentService/GetDocument"
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  Kind kind = Kind::unary;
  auth::Access access = auth::Access::authenticated();
  CallHandler handler;
  std::vector<RestBinding> rest;

  [[nodiscard]] bool streams() const noexcept { return kind != Kind::unary; }
  [[nodiscard]] bool has_no_side_effects() const;
  /// Whether the method can be called in this form: Connect has one for methods that stream, and one for the others.
  [[nodiscard]] bool fits(WireType type) const noexcept;
};

/// "mcq.v1.DocumentService/GetDocument"
[[nodiscard]] std::string full_name(const google::protobuf::MethodDescriptor& method);

/// The rule of a method: from the options, or the proto file's own, or that of its service, there or in code. Errors:
/// internal where there is none, and for one that is no rule.
[[nodiscard]] Result<auth::Access> access_of(const google::protobuf::MethodDescriptor& method,
                                             const ServiceBase& service, const DispatcherOptions& options);

}  // namespace mcdsl::grpcserver
