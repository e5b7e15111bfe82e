#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>

#include "mcdsl/auth/access.h"
#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/grpcserver/interceptor.h"
#include "mcdsl/grpcserver/method.h"
#include "mcdsl/health/registry.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/router.h"
#include "mcdsl/metrics/registry.h"

namespace mcdsl {

namespace internal {
struct RouteLister;
}

/// A service while it runs: what its `main` fills with routes and checks before it calls `serve`.
///
/// Threads: belongs to the thread of `main`. Lifetime: what stands on the stack above `serve()` outlives every request.
class Service {
 public:
  Service(std::string name, const config::Standard& config, log::Logger logger, const Clock& clock = system_clock());
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const log::Logger& logger() const noexcept;
  [[nodiscard]] const Clock& clock() const noexcept;

  [[nodiscard]] http::Router& router() noexcept;
  [[nodiscard]] health::Registry& health() noexcept;
  /// What `/metrics` on the admin listener shows; has the process' own metrics in it. `serve` adds those of the server,
  /// `add_database_metrics` those of a database. Its sources are read until `serve` returns.
  [[nodiscard]] metrics::Registry& metrics() noexcept;

  /// Who tells callers by their tokens, from now on: `require` needs it, and administrators see the detail of
  /// `/v1/health`. Lifetime: outlives the service.
  void authenticate_with(const auth::TokenVerifier& verifier);

  /// A middleware that lets through whom the rule admits, see httpserver::require. Throws Exception (internal) before
  /// `authenticate_with`, unless the rule is `open`.
  [[nodiscard]] http::Middleware require(auth::Access access) const;

  /// Puts a middleware around the router as a whole, the first outermost, within the access log: it sees every request
  /// that is no RPC, also those that match no route (404, 405).
  void use(http::Middleware middleware);

  /// Adds the pages of a site (web::Site, which only who has pages links) and what `fill` adds to them, see
  /// Site::add_routes. They are served at `web.listen_addr` too where that is given, as all else is.
  template <class Site, std::invocable<http::Router&> Fill>
  void add_pages(const Site& site, Fill fill) {
    use(site.around());
    site.add_routes(router(), fill);
  }

  /// Serves the methods of a generated service as gRPC, gRPC-Web, Connect and, where they are annotated, REST, at the
  /// addresses of the router and at `server.grpc_addr`: see grpcserver::Dispatcher, which `serve` makes, with
  /// `grpc.health.v1.Health` beside them and, by `server.grpc_reflection`, reflection. Lifetime: outlives the service.
  void add(grpcserver::ServiceBase& service);

  /// Who may call a method ("mcq.v1.DocumentService/GetDocument") or a service's methods, in place of what its proto
  /// file says.
  void set_access(std::string method_or_service, auth::Access access);

  /// Around every method, the first outermost; within log, metrics and authentication.
  void intercept(grpcserver::Interceptor interceptor);

  /// Called on SIGHUP after the certificates have been read again, on the thread of `serve`, in the order they were
  /// added. What it throws is logged.
  void on_reload(std::function<void()> reload);

  /// What `serve` would serve of routes and RPCs, without the middlewares and the sockets of the server: for tests.
  /// Nothing may be added from now on. Lifetime: the service's.
  [[nodiscard]] const http::Application& application();

  /// Adds the health routes, listens, also at `server.admin_addr` where that is given, and serves until SIGTERM or
  /// SIGINT; then drains: not ready, `drain_delay`, listeners closed, requests in flight answered until
  /// `shutdown_timeout`. SIGHUP reads the certificates again and calls what `on_reload` was given; certificates that
  /// change are taken without it. A second SIGTERM or SIGINT ends the process at once, as does a handler that outlasts
  /// the drain. These signals must be blocked in every thread, as `run` does before it starts one.
  ///
  /// Under systemd the sockets of a socket unit (LISTEN_FDS) take the place of `server.listen_addr` and
  /// `server.also_listen`, and the manager hears when the service is ready, reloads, stops, and (WatchdogSec=) that its
  /// main thread and its event loops go on. Throws Exception where it cannot listen.
  void serve();

 private:
  friend struct internal::RouteLister;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mcdsl
