#pragma once

#include <memory>
#include <vector>

#include "mcdsl/db/database.h"
#include "mcdsl/grpcserver/method.h"

namespace mcdsl {

/// `mcdsl.v1.SnapshotService`: takes a verified snapshot of a database into its backup folder and answers with its
/// path, size and SHA-256. Callers that come while one is taken get that one. Its rule is `admin | account:mcp` unless
/// the program says another (Service::set_access).
///
///     mcdsl::SnapshotService snapshots(database);
///     service.add(snapshots);
///
/// Threads: calls come from any. Lifetime: the database outlives it.
class SnapshotService final : public grpcserver::ServiceBase {
 public:
  explicit SnapshotService(const db::Database& database);

  [[nodiscard]] std::vector<grpcserver::Method> methods() override;

 private:
  class Calls;
  std::shared_ptr<Calls> calls_;
};

}  // namespace mcdsl
