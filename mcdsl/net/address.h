#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl::net {

/// Where a server listens: an IP address or host name with a port, or a Unix socket.
///
///     "127.0.0.1:8443"   "[::1]:8443"   "localhost:8443"   ":8443" (every interface)   "unix:/run/notes.sock"
struct Address {
  std::string host;         ///< empty for every interface, or for a Unix socket
  std::uint16_t port = 0;   ///< 0: the system picks one
  std::string unix_path{};  ///< of a Unix socket; empty for TCP

  [[nodiscard]] bool is_unix() const noexcept { return !unix_path.empty(); }

  /// Whether only this machine can reach it: 127.0.0.0/8, ::1, "localhost", a Unix socket.
  [[nodiscard]] bool is_loopback() const noexcept;

  /// What a client on this machine connects to: localhost where the address is that of every interface.
  [[nodiscard]] Address reachable() const;

  /// The form it is written in above.
  [[nodiscard]] std::string to_string() const;
};

/// Errors: invalid_argument, saying what is missing.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace mcdsl::net
