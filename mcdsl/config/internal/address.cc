#include "mcdsl/config/internal/address.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace mcdsl::config::internal {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool parse_ip(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

/// A number in plain decimal digits, at most `max`.
bool is_number_up_to(std::string_view text, unsigned max) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= max;
}

bool is_host_name(std::string_view host) {
  constexpr std::size_t kLongest = 253;  // RFC 1035 §2.3.4, without the root's empty label
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  const auto is_numeric = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return !host.empty() && host.size() <= kLongest && std::ranges::all_of(host, is_allowed) && !host.starts_with('.') &&
         !host.contains("..") && (!std::ranges::all_of(host, is_numeric) || parse_ip(AF_INET, host));
}

std::optional<std::string> problem_with_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || !parse_ip(AF_INET6, host.substr(1, host.size() - 2))) {
      return "has no IPv6 address between its brackets";
    }
    return std::nullopt;
  }
  if (host.contains(':')) {
    return "has more than one colon: an IPv6 address needs brackets, as in \"[::1]:8443\"";
  }
  if (!is_host_name(host)) {
    return "has no host name or IP address before its port";
  }
  return std::nullopt;
}

std::optional<std::string> problem_with_host_port(std::string_view text, bool needs_host) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    return "has no port: write it as \"host:port\"";
  }
  if (!is_port(text.substr(colon + 1))) {
    return "has a bad port: it is a number from 0 to 65535";
  }
  const std::string_view host = text.substr(0, colon);
  if (host.empty() && !needs_host) {
    return std::nullopt;
  }
  return problem_with_host(host);
}

/// "host" or "host:port" of an http(s) URL, with whatever user came before it; empty where it is not one.
std::string_view authority_of(std::string_view url) {
  const std::size_t scheme = url.starts_with(kHttps) ? kHttps.size() : url.starts_with(kHttp) ? kHttp.size() : 0;
  if (scheme == 0) {
    return {};
  }
  url.remove_prefix(scheme);
  return url.substr(0, url.find_first_of("/?#"));
}

bool has_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && !authority.substr(colon).contains(']');
}

std::optional<std::string> problem_with_url(std::string_view url) {
  const auto is_outside = [](char c) { return c <= ' ' || c > '~'; };  // RFC 3986 §2: ASCII, no space
  const std::string_view authority = authority_of(url);
  if (authority.empty()) {
    return "is not a URL: write it as \"https://host:port/path\"";
  }
  if (authority.contains('@')) {
    return "has a user in it: credentials do not belong into a URL";
  }
  if (url.contains('#') || std::ranges::any_of(url, is_outside)) {
    return "is not a URL: it has a fragment, a space or a character that is not ASCII";
  }
  return has_port(authority) ? problem_with_host_port(authority, true) : problem_with_host(authority);
}

std::optional<std::string> problem_with_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const bool is_v4 = parse_ip(AF_INET, address);
  if (!is_v4 && !parse_ip(AF_INET6, address)) {
    return "is not an IP address or a block of them: write it as \"10.0.0.0/8\" or \"2001:db8::/32\"";
  }
  if (slash != std::string_view::npos && !is_number_up_to(text.substr(slash + 1), is_v4 ? 32 : 128)) {
    return is_v4 ? "has a bad prefix length: it is a number from 0 to 32"
                 : "has a bad prefix length: it is a number from 0 to 128";
  }
  return std::nullopt;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && parse_ip(AF_INET, host));
}

}  // namespace

std::optional<std::string> problem_with(Format format, std::string_view text) {
  if (text.contains('\0')) {
    return "has a zero byte in it";
  }
  if (text.empty()) {
    return std::nullopt;
  }
  switch (format) {
    case Format::host_port:
      return problem_with_host_port(text, true);
    case Format::url:
      return problem_with_url(text);
    case Format::cidr:
      return problem_with_cidr(text);
    case Format::any:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> problem_with_listen_address(std::string_view text) {
  if (!is_unix_socket(text)) {
    return text.empty() ? std::nullopt : problem_with_host_port(text, false);
  }
  const std::string_view path = text.substr(kUnix.size());
  if (!path.starts_with('/') || path.contains('\0')) {
    return "has no absolute path after \"unix:\"";
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return "has a path that is too long for a Unix socket: 107 bytes at most";
  }
  return std::nullopt;
}

bool is_port(std::string_view text) {
  return is_number_up_to(text, 65535);
}

bool is_unix_socket(std::string_view address) {
  return address.starts_with(kUnix);
}

std::string_view host_of(std::string_view address) {
  return address.substr(0, address.rfind(':'));
}

bool is_local(std::string_view address) {
  return is_unix_socket(address) || is_loopback_host(host_of(address));
}

bool is_plain_remote_url(std::string_view url) {
  const std::string_view authority = authority_of(url);
  return url.starts_with(kHttp) && !is_loopback_host(has_port(authority) ? host_of(authority) : authority);
}

}  // namespace mcdsl::config::internal
