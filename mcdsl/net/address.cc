#include "mcdsl/net/address.h"

#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "mcdsl/base/bytes.h"

namespace mcdsl::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

std::unexpected<Error> bad_address(std::string_view text, std::string_view why) {
  return fail_visible(Code::invalid_argument, "address \"" + printable(text) + "\": " + std::string(why));
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    Address address;
    address.unix_path = text.substr(kUnixPrefix.size());
    // sun_path holds 108 bytes with its terminator (unix(7)).
    if (address.unix_path.empty() || address.unix_path.size() > 107) {
      return bad_address(text, "a Unix socket's path has 1 to 107 bytes");
    }
    return address;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return bad_address(text, "no port (write \"host:port\")");
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!host.contains(':')) {
      return bad_address(text, "only an IPv6 address stands in brackets");
    }
  } else if (host.contains(':')) {
    return bad_address(text, "an IPv6 address stands in brackets (write \"[::1]:8443\")");
  }
  const std::string_view port_text = text.substr(colon + 1);
  Address address{.host = std::string(host)};
  const char* end = port_text.data() + port_text.size();
  const auto [stop, problem] = std::from_chars(port_text.data(), end, address.port);
  if (problem != std::errc() || stop != end) {
    return bad_address(text, "the port must be a number from 0 to 65535");
  }
  return address;
}

bool Address::is_loopback() const noexcept {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  return is_unix() || host == "localhost" || host == "::1";
}

Address Address::reachable() const {
  Address address = *this;
  if (!is_unix() && (host.empty() || host == "0.0.0.0" || host == "::")) {
    address.host = "localhost";
  }
  return address;
}

std::string Address::to_string() const {
  if (is_unix()) {
    return std::string(kUnixPrefix) + unix_path;
  }
  const std::string bracketed = host.contains(':') ? '[' + host + ']' : host;
  return bracketed + ':' + std::to_string(port);
}

}  // namespace mcdsl::net
