#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/trusted_proxies.h"
#include "mcdsl/httpserver/calls.h"
#include "mcdsl/metrics/registry.h"
#include "mcdsl/net/server.h"

namespace mcdsl::httpserver {

/// The peers that a config trusts: `trusted_proxies` and, where `tls` is "proxy", those of Unix sockets.
/// Throws Exception (invalid_argument) for what is no address or block of them.
[[nodiscard]] http::TrustedProxies trusted_proxies(const config::Server& config);

/// The public server of a service: listens as its `[server]` section says, and puts around the application what every
/// service wants, outermost first: the client's address where `tls` is "proxy", request id, trace context, CORS where
/// there are `cors_origins`, access log, metrics where there is a registry, recover, security headers.
///
/// In proxy mode the X-Forwarded fields of peers in `trusted_proxies`, and of whoever may open a Unix socket that it
/// listens at, are believed (http::client_address). With `proxy_protocol` the same peers begin each connection with a
/// PROXY header, TLS or not. A trace that a request brings is gone on with, none is started.
///
/// With `calls` the requests that these take for themselves go there, behind client address, request id, trace and
/// CORS alone; and the server listens at `grpc_addr` too where that is given.
///
/// Threads: all methods are safe from any thread. Lifetime: application, calls, clock and registry outlive it; the
/// destructor drains.
class Server {
 public:
  /// Reads and checks the certificate pair where TLS is on, logs what it finds, and opens the listening sockets. From
  /// then on a pair that changes is taken by itself. `sockets` that listen already take the place of those that the
  /// config names.
  /// Throws Exception: invalid_argument for a proxy that is no address, an origin that is none; failed_precondition for
  /// a certificate that cannot serve, or a given socket that is none or would be plain on the network; unavailable for
  /// an address in use.
  Server(const config::Server& config, const http::Application& application, const log::Logger& logger = {},
         const Clock& clock = system_clock(), metrics::Registry* registry = nullptr, std::vector<UniqueFd> sockets = {},
         const Calls* calls = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// As bound: with the port that the system picked where it was 0. The first of `addresses`.
  [[nodiscard]] const net::Address& address() const noexcept;
  [[nodiscard]] std::span<const net::Address> addresses() const noexcept;

  /// "https://127.0.0.1:8443": where a client on this machine reaches it. Empty for a Unix socket.
  [[nodiscard]] std::string url() const;

  void start();

  /// Begins the drain, see net::Server. Returns at once.
  void stop() noexcept;

  /// Waits until the drain is over. False when something had to be cut.
  bool wait();

  /// Waits at most so long. True when the server has stopped.
  bool wait_for(std::chrono::nanoseconds time);

  /// Reads the certificate files again for new connections. False where the new pair was refused, or TLS is off.
  bool reload_certificates();

  /// How long the certificate is still good, for health and metrics; negative when it has ended. None without TLS.
  [[nodiscard]] std::optional<double> certificate_days_left() const;

  /// For a watchdog: see net::Server.
  [[nodiscard]] bool is_progressing();

  [[nodiscard]] net::ServerStats stats() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mcdsl::httpserver
