#pragma once

#include <memory>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/config/standard.h"
#include "mcdsl/http/application.h"
#include "mcdsl/net/server.h"

namespace mcdsl::httpserver {

/// The public server of a service: listens as its `[server]` section says, and puts around the application what every
/// service wants, outermost first: request id, access log, recover, security headers.
///
/// Threads: all methods are safe from any thread. Lifetime: application and clock outlive it; the destructor drains.
class Server {
 public:
  /// Reads and checks the certificate pair where TLS is on, logs what it finds, and opens the listening socket.
  /// Throws Exception: failed_precondition for a certificate that cannot serve, unavailable for an address in use.
  Server(const config::Server& config, const http::Application& application, const log::Logger& logger = {},
         const Clock& clock = system_clock());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// As bound: with the port that the system picked where it was 0.
  [[nodiscard]] const net::Address& address() const noexcept;

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

  [[nodiscard]] net::ServerStats stats() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mcdsl::httpserver
