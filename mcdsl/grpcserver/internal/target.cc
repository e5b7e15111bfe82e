#include "mcdsl/grpcserver/internal/target.h"

#include <mcdsl/v1/access.pb.h>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {

bool Target::has_no_side_effects() const {
  return descriptor != nullptr &&
         descriptor->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

bool Target::fits(WireType type) const noexcept {
  return type.protocol == Protocol::connect_unary ? !streams() : type.protocol != Protocol::connect_stream || streams();
}

std::string full_name(const google::protobuf::MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

Result<auth::Access> access_of(const google::protobuf::MethodDescriptor& method, const ServiceBase& service,
                               const DispatcherOptions& options) {
  if (const auto found = options.access.find(full_name(method)); found != options.access.end()) {
    return found->second;
  }
  if (const auto found = options.access.find(method.service()->full_name()); found != options.access.end()) {
    return found->second;
  }
  const std::string& own = method.options().GetExtension(mcdsl::v1::access);
  const std::string& text = own.empty() ? method.service()->options().GetExtension(mcdsl::v1::default_access) : own;
  if (const auto fallback = service.default_access(); text.empty() && fallback) {
    return *fallback;
  }
  if (text.empty()) {
    return fail(Code::internal, "has no access rule: give it (mcdsl.v1.access) or its service a default");
  }
  return auth::Access::parse(text);
}

}  // namespace mcdsl::grpcserver
