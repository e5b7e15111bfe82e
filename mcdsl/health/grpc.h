#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mcdsl/grpcserver/method.h"
#include "mcdsl/health/registry.h"

namespace mcdsl::health {

/// The registry as `grpc.health.v1.Health`, open to everybody: `Check`, and `Watch`, which sends each change within a
/// second and at the drain NOT_SERVING at once, as its last. The name "" is the whole process; each service has its
/// state. A name that is none is NOT_FOUND to Check and SERVICE_UNKNOWN to Watch (GRPC Health Checking Protocol).
///
/// A watcher keeps a thread, and anybody may be one: past `kMostWatchers` further ones get RESOURCE_EXHAUSTED.
///
/// Threads: calls come from any. Lifetime: the registry outlives it.
class GrpcHealth final : public grpcserver::ServiceBase {
 public:
  static constexpr int kMostWatchers = 16;

  /// `services` are the full names ("mcq.v1.DocumentService") that may be asked for.
  GrpcHealth(const Registry& registry, std::vector<std::string> services);

  [[nodiscard]] std::vector<grpcserver::Method> methods() override;
  [[nodiscard]] std::optional<auth::Access> default_access() const override { return auth::Access::open(); }

 private:
  class Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace mcdsl::health
