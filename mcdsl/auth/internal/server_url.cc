#include "mcdsl/auth/internal/server_url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

#include "mcdsl/base/error.h"

namespace mcdsl::auth::internal {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kDefaultPort = "443";

bool is_address_of(int family, const std::string& text) {
  in6_addr address{};  // the larger of the two
  return ::inet_pton(family, text.c_str(), &address) == 1;
}

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_port(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number != 0;
}

// RFC 3986 §3.3: what stands in a path, the percent sign of an escape among it.
bool is_path(std::string_view text) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:@%/";
  return std::ranges::all_of(text, [&](char c) { return is_alphanumeric(c) || kOthers.contains(c); });
}

bool begins_with_scheme(std::string_view text) {
  return text.size() >= kScheme.size() && std::ranges::equal(text.substr(0, kScheme.size()), kScheme, {}, [](char c) {
           return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
         });
}

}  // namespace

bool ServerUrl::is_address() const {
  return is_address_of(AF_INET, host) || is_address_of(AF_INET6, host);
}

std::string ServerUrl::tls_name() const {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

ServerUrl parse_server_url(const std::string& setting, std::string text) {
  const auto refuse = [&](const std::string& why) { return Exception(Code::invalid_argument, setting + ": " + why); };
  if (text.empty()) {
    throw refuse("is not set");
  }
  if (!begins_with_scheme(text)) {
    throw refuse("must be an https:// URL: tokens and passwords go there");
  }
  std::string_view rest = std::string_view(text).substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.contains('@') || rest.find_first_of("?#") != std::string_view::npos) {
    throw refuse("must hold no user, password, query or fragment");
  }
  rest.remove_prefix(authority.size());

  const bool is_bracketed = authority.starts_with('[');
  const auto host_end = is_bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  ServerUrl url;
  if (host_end == std::string_view::npos) {
    throw refuse("is not a URL: the address lacks its closing bracket");
  }
  url.host = authority.substr(is_bracketed ? 1 : 0, host_end - (is_bracketed ? 1 : 0));
  if (is_bracketed ? !is_address_of(AF_INET6, url.host) : !is_name(url.host)) {
    throw refuse("is not a URL: the host is neither a name nor an address");
  }
  const std::string_view port = authority.substr(host_end + (is_bracketed ? 1 : 0));
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) {
    throw refuse("is not a URL: the port is not a number from 1 to 65535");
  }
  if (!is_path(rest)) {
    throw refuse("is not a URL: the path holds a character that must be escaped");
  }
  url.port = port.empty() ? kDefaultPort : port.substr(1);
  url.authority = authority.substr(0, url.port == kDefaultPort ? authority.size() - port.size() : authority.size());
  const auto path_end = rest.find_last_not_of('/');
  url.path = rest.substr(0, path_end == std::string_view::npos ? 0 : path_end + 1);
  while (text.ends_with('/')) {
    text.pop_back();
  }
  url.text = std::move(text);
  return url;
}

}  // namespace mcdsl::auth::internal
