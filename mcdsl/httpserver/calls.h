#pragma once

#include "mcdsl/http/application.h"

namespace mcdsl::httpserver {

/// An application beside a server's own that takes the requests it knows for itself: RPC calls, on the same port. They
/// do not pass the middlewares that speak HTTP's terms (access log, metrics by status, recover, security headers),
/// since a call has its own terms for these.
class Calls : public http::Application {
 public:
  /// Whether the request is one of its own; `plan` and `serve` get those that are. Called on the event loop with the
  /// head of each request.
  [[nodiscard]] virtual bool takes(const http::Request& request) const noexcept = 0;
};

}  // namespace mcdsl::httpserver
