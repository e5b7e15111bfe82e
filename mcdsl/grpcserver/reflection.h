#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mcdsl/grpcserver/method.h"

namespace mcdsl::grpcserver {

/// `grpc.reflection.v1.ServerReflection` for some services: their names, and the proto files that they are made of, so
/// that tools such as grpcurl need none. Files that these do not import are not shown. Off unless a program adds it;
/// the rule is `authenticated` unless it says another.
///
/// Threads: calls come from any. Lifetime: needs the services only while it is made.
class Reflection final : public ServiceBase {
 public:
  explicit Reflection(const std::vector<ServiceBase*>& services);

  [[nodiscard]] std::vector<Method> methods() override;
  [[nodiscard]] std::optional<auth::Access> default_access() const override { return auth::Access::authenticated(); }

 private:
  class Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace mcdsl::grpcserver
