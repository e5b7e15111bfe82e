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

/// Calls go one way, all other requests the other. Lifetime: both outlive it.
class CallsFirst final : public http::Application {
 public:
  /// `calls` may be null.
  CallsFirst(const Calls* calls, const http::Application& rest) : calls_(calls), rest_(rest) {}

  http::BodyPlan plan(http::Request& request) const override { return way_of(request).plan(request); }
  http::Response serve(http::Request& request) const override { return way_of(request).serve(request); }

 private:
  [[nodiscard]] const http::Application& way_of(const http::Request& request) const {
    return calls_ != nullptr && calls_->takes(request) ? *calls_ : rest_;
  }

  const Calls* calls_;
  const http::Application& rest_;
};

}  // namespace mcdsl::httpserver
