#pragma once

#include <string>

namespace mcdsl::auth::internal {

/// The parts of a URL that a client is configured with.
struct ServerUrl {
  std::string text;       ///< as configured, without the slash at its end
  std::string host;       ///< a DNS name, or an IP address without brackets
  std::string port;       ///< digits
  std::string authority;  ///< host and port as the Host field has them (RFC 9110 §7.2)
  std::string path;       ///< goes before the path of every request; empty, or begins with a slash

  /// Whether the host is an IP address: certificates name those apart, and SNI does not know them (RFC 6066 §3).
  [[nodiscard]] bool is_address() const;
  /// What certificate and SNI have to name: the host without the dot that may end a DNS name.
  [[nodiscard]] std::string tls_name() const;
};

/// Throws Exception (invalid_argument), beginning with `setting`, for what is no https URL, or one with a user, a query
/// or a fragment. A user's password is not quoted.
[[nodiscard]] ServerUrl parse_server_url(const std::string& setting, std::string text);

}  // namespace mcdsl::auth::internal
