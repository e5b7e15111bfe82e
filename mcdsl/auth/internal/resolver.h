#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "mcdsl/auth/internal/deadline.h"
#include "mcdsl/base/result.h"

namespace mcdsl::auth::internal {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// Finds the addresses of one host within a deadline. getaddrinfo knows none and cannot be broken off, so it runs on a
/// thread that is left alone when nobody waits any more. There is one such thread at a time: who comes meanwhile waits
/// for its answer too.
/// Threads: safe from any thread.
class Resolver {
 public:
  using Addresses = std::vector<SocketAddress>;
  using Lookup = std::function<Result<Addresses>()>;

  Resolver(const std::string& host, const std::string& port);
  /// For tests: asks `lookup`, which may outlive this object.
  explicit Resolver(Lookup lookup);

  /// The addresses in the order to try them. Errors: unavailable, "DNS: ..." or "timeout: ...".
  [[nodiscard]] Result<Addresses> resolve(Deadline deadline);

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
  Addresses numeric_;  ///< of a host that is an address itself: there is nothing to ask
};

}  // namespace mcdsl::auth::internal
