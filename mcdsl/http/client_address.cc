#include "mcdsl/http/client_address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mcdsl::http {
namespace {

constexpr std::string_view kFor = "x-forwarded-for";
constexpr std::string_view kProto = "x-forwarded-proto";
constexpr std::string_view kHost = "x-forwarded-host";
constexpr std::string_view kRealIp = "x-real-ip";
constexpr std::array<std::string_view, 5> kFields{kFor, kProto, kHost, kRealIp, "forwarded"};

// The elements of a list (RFC 9110 §5.6.1) from its end to its start, over all lines of its field. Empty ones count for
// nothing.
class ElementsFromRight {
 public:
  ElementsFromRight(const Headers& headers, std::string_view name)
      : headers_(headers), name_(name), line_(headers.size()) {}

  std::optional<std::string_view> next() {
    while (true) {
      if (!in_line_) {
        if (line_ == 0) {
          return std::nullopt;
        }
        const Headers::Field field = headers_[--line_];
        in_line_ = field.name == name_;
        rest_ = field.value;
        continue;
      }
      const auto comma = rest_.rfind(',');
      const std::string_view element = trim(rest_.substr(comma == std::string_view::npos ? 0 : comma + 1));
      in_line_ = comma != std::string_view::npos;
      rest_ = rest_.substr(0, in_line_ ? comma : 0);
      if (!element.empty()) {
        return element;
      }
    }
  }

 private:
  const Headers& headers_;
  std::string_view name_;
  std::size_t line_;
  std::string_view rest_;
  bool in_line_ = false;
};

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && stop == text.data() + text.size();
}

// "192.0.2.7", "192.0.2.7:1234", "2001:db8::1", "[2001:db8::1]" and "[2001:db8::1]:1234": what proxies append.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    const std::string_view behind = end == std::string_view::npos ? "?" : text.substr(end + 1);
    if (!behind.empty() && (behind.front() != ':' || !is_port(behind.substr(1)))) {
      return std::nullopt;
    }
    const std::string_view inside = text.substr(1, end - 1);
    return inside.contains(':') ? IpAddress::parse(inside) : std::nullopt;
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon == text.rfind(':')) {
    return is_port(text.substr(colon + 1)) ? IpAddress::parse(text.substr(0, colon)) : std::nullopt;
  }
  return IpAddress::parse(text);
}

// A host with an optional port (RFC 9110 §7.2).
bool is_host(std::string_view text) {
  constexpr std::size_t kLongest = 253 + 6;
  if (text.starts_with('[')) {
    return parse_hop(text).has_value();
  }
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return text.size() <= kLongest && !name.empty() && std::ranges::all_of(name, is_allowed) &&
         (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

class ClientAddress {
 public:
  explicit ClientAddress(TrustedProxies proxies) : proxies_(std::move(proxies)) {}

  void apply(Request& request) const {
    if (request.peer().is_proxied || proxies_.contains(request.peer())) {
      believe(request);
    }
    const bool has_any =
        std::ranges::any_of(kFields, [&](std::string_view name) { return request.headers().contains(name); });
    if (has_any) {
      std::ranges::for_each(kFields, [&](std::string_view name) { request.mutable_headers().remove(name); });
    }
  }

 private:
  [[nodiscard]] std::optional<IpAddress> client_of(const Headers& headers) const {
    if (!headers.contains(kFor)) {
      return headers.count(kRealIp) == 1 ? parse_hop(*headers.get(kRealIp)) : std::nullopt;
    }
    std::optional<IpAddress> client;
    ElementsFromRight hops(headers, kFor);
    while (const auto element = hops.next()) {
      const auto hop = parse_hop(*element);
      if (!hop) {
        break;  // whoever is behind what cannot be read is unknown: the hop that wrote it is the last one known
      }
      client = hop;
      if (!proxies_.contains(*hop)) {
        break;
      }
    }
    return client;
  }

  void believe(Request& request) const {
    const Headers& headers = request.headers();
    Peer peer = request.peer();
    const bool is_client = peer.is_proxied && !proxies_.contains(peer);  // what it says of others is hearsay
    if (const auto client = is_client ? std::nullopt : client_of(headers)) {
      peer.address = client->to_string();
      peer.port = 0;  // it is not told
    }
    if (headers.contains(kProto)) {
      peer.secure = is_secure(headers);
    }
    request.set_peer(std::move(peer));
    const auto host = ElementsFromRight(headers, kHost).next();
    if (host && is_host(*host)) {
      request.mutable_headers().set("host", std::string(*host));  // a copy: the list moves as it changes
    }
  }

  static bool is_secure(const Headers& headers) {
    ElementsFromRight hops(headers, kProto);
    bool is_secure = false;
    while (const auto element = hops.next()) {
      if (!equal_ignoring_case(*element, "https")) {
        return false;
      }
      is_secure = true;
    }
    return is_secure;
  }

  TrustedProxies proxies_;
};

}  // namespace

Middleware client_address(TrustedProxies proxies) {
  return [rules = std::make_shared<const ClientAddress>(std::move(proxies))](Handler next) -> Handler {
    return [rules, next = std::move(next)](Request& request) {
      rules->apply(request);
      return next(request);
    };
  };
}

}  // namespace mcdsl::http
