#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/http/application.h"
#include "mcdsl/http/trusted_proxies.h"
#include "mcdsl/net/address.h"
#include "mcdsl/net/certificate.h"

namespace mcdsl::net {

/// Limits and timeouts of a server. A timeout of zero is none.
struct ServerOptions {
  std::size_t max_header_bytes = std::size_t{16}
                                 << 10U;  ///< request line and fields; past it 431 (414 for the line alone)
  std::size_t max_header_fields = 100;    ///< past it 431
  std::size_t max_body_bytes = std::size_t{1} << 20U;  ///< where the application's plan says no other; past it 413
  std::size_t max_streams = 128;         ///< requests at a time on a connection of HTTP/2; past it REFUSED_STREAM
  std::size_t max_connections = 10'000;  ///< past it new connections are closed at once

  std::chrono::nanoseconds header_timeout =
      std::chrono::seconds(10);  ///< from the first byte (or accept) to the whole head: 408
  std::chrono::nanoseconds read_timeout =
      std::chrono::seconds(30);  ///< for a body, and a second more for each KiB that came: 408
  std::chrono::nanoseconds write_timeout =
      std::chrono::seconds(30);  ///< for an answer, and a second more for each KiB that went
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(120);     ///< between two requests of a connection
  std::chrono::nanoseconds handler_timeout{0};                           ///< from the whole request to its answer: 503
  std::chrono::nanoseconds shutdown_timeout = std::chrono::seconds(60);  ///< from `stop` until what still runs is cut

  unsigned loops = 0;  ///< event loops; 0 for one per core
  /// Handlers that may block at once, from 1; past it 503 with Retry-After. Three quarters of them may read or write a
  /// body that is on its way.
  unsigned max_handler_threads = 128;

  /// Peers that put a PROXY header (haproxy's proxy-protocol.txt, versions 1 and 2) before each connection, TLS or not;
  /// what it says is the request's peer. One without it is closed. From other peers none is expected or believed.
  http::TrustedProxies proxy_protocol_from{};
};

/// What a server holds its clients to. The names are those of its options; `flood` is a client of HTTP/2 that sends
/// what nobody sends who means well (RFC 9113 §10.5).
enum class Limit : std::uint8_t {
  max_header_bytes,
  max_header_fields,
  max_body_bytes,
  max_streams,
  max_connections,
  max_handler_threads,
  header_timeout,
  read_timeout,
  write_timeout,
  idle_timeout,
  handler_timeout,
  flood,
};
inline constexpr std::size_t kLimits = 12;

/// "max_header_bytes"
[[nodiscard]] std::string_view name(Limit limit) noexcept;

/// What a server has done since it started. Figures of different fields need not be of the same instant.
struct ServerStats {
  std::uint64_t accepted = 0;                    ///< connections
  std::uint64_t open = 0;                        ///< connections now
  std::uint64_t requests = 0;                    ///< handed to the application
  std::uint64_t handovers = 0;                   ///< loops that changed their thread because a handler blocked
  std::uint64_t malformed = 0;                   ///< what is no HTTP: answered with 4xx or 5xx by the protocol itself
  std::array<std::uint64_t, kLimits> limited{};  ///< how often each Limit was reached

  [[nodiscard]] std::uint64_t at(Limit limit) const { return limited.at(static_cast<std::size_t>(limit)); }
};

/// Serves an application over TLS 1.3 and, where it listens without a certificate, over plain TCP or Unix sockets, in
/// HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113): by ALPN, or in the clear by what the client says first.
///
/// One event loop per core runs handlers itself. When a handler blocks, a spare thread takes its loop over within about
/// half a millisecond (docs/adr/0004): a slow handler delays nobody, a fast one pays for no thread switch. Routes whose
/// handlers keep blocking are run on spare threads from the start. What a handler throws is answered as http::recover
/// does.
///
/// Threads: all methods are safe from any thread. Lifetime: application, certificates and clock outlive the server;
/// the destructor stops it and waits for every handler.
class Server {
 public:
  /// Throws Exception (invalid_argument) for options that could serve nobody.
  Server(const http::Application& application, ServerOptions options, log::Logger logger = {},
         const Clock& clock = system_clock());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens a listening socket, before `start`. With a certificate store it speaks TLS 1.3, with null it is plain.
  /// Returns the address with the port that the system picked where it was 0.
  /// A Unix socket that a dead process left behind is replaced, any other file never.
  /// Throws Exception: unavailable when the address is taken, failed_precondition after `start`, invalid_argument or
  /// permission_denied otherwise.
  Address listen(const Address& address, const CertificateStore* certificates);

  /// The same with a socket that listens already: one that another process opened, such as systemd, and may go on to
  /// use when we stop, so the connections that wait in it then and the file of a Unix socket are left to it. Returns
  /// the address it is bound to. Throws Exception (failed_precondition) for what is no stream socket that listens.
  Address adopt(UniqueFd socket, const CertificateStore* certificates);

  /// Takes connections from now on, once; after a `stop` it does nothing but close the listeners.
  /// Throws Exception (resource_exhausted) where the system has no threads or descriptors for it.
  void start();

  /// Begins to drain: listeners close (what waits in their queues is taken first), idle connections close at once,
  /// requests in flight are answered (with `Connection: close`) until `shutdown_timeout`, then cut. Returns at once.
  void stop() noexcept;

  /// Waits until the server has stopped and every handler has returned. False when a connection had to be cut.
  bool wait();

  /// Waits at most so long. True when the server has stopped.
  bool wait_for(std::chrono::nanoseconds time);

  /// For a watchdog that asks now and then: whether every event loop has gone round since it was last asked. Wakes each
  /// for the next time. True when asked for the first time, and before `start` and after `stop`.
  [[nodiscard]] bool is_progressing();

  [[nodiscard]] ServerStats stats() const noexcept;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace mcdsl::net
