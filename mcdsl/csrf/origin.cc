#include "mcdsl/csrf/origin.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcdsl::csrf {
namespace {

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_in_brackets(std::string_view host) {
  const auto is_address_character = [](char c) {
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
  };
  return host.size() > 4 && host.starts_with('[') && host.ends_with(']') &&
         std::ranges::all_of(host.substr(1, host.size() - 2), is_address_character);
}

bool is_name(std::string_view host) {
  return !host.empty() && !host.starts_with('.') && !host.contains("..") &&
         std::ranges::all_of(host, is_host_character);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = problem == std::errc() && stop == text.data() + text.size() && port != 0;
  return is_whole ? std::optional(port) : std::nullopt;
}

std::unexpected<Error> refuse(std::string why) {
  return fail(Error(Code::permission_denied, "csrf: " + std::move(why))
                  .with_public_text("this request comes from another site"));
}

}  // namespace

Result<Origin> Origin::parse(std::string_view url) {
  std::string text(url);
  std::ranges::transform(text, text.begin(), to_lower);
  const auto problem = [&](std::string_view what) {
    return fail(Code::invalid_argument, "\"" + printable(url) + "\" " + std::string(what));
  };
  const bool is_https = text.starts_with("https://");
  if (!is_https && !text.starts_with("http://")) {
    return problem("does not begin with https:// or http://");
  }
  const std::size_t start = text.find("//") + 2;
  std::string_view authority = std::string_view(text).substr(start);
  if (authority.ends_with('/')) {
    authority.remove_suffix(1);
  }
  if (authority.find_first_of("/?#\\") != std::string_view::npos) {
    return problem("has more than a host and a port: pages are served from the root of an origin");
  }
  if (authority.contains('@')) {
    return problem("names a user");
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (!is_name(host) && !is_in_brackets(host)) {
    return problem("has no valid host (an international name is written in its xn-- form)");
  }
  std::string origin(text.substr(0, start));
  origin.append(host);
  if (colon != std::string_view::npos) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) {
      return problem("has no valid port");
    }
    constexpr std::uint16_t kHttp = 80;
    constexpr std::uint16_t kHttps = 443;
    if (*port != (is_https ? kHttps : kHttp)) {
      origin += ":" + std::to_string(*port);
    }
  }
  return Origin(std::move(origin));
}

std::string_view Origin::host() const noexcept {
  const std::string_view authority = std::string_view(text_).substr(text_.find("//") + 2);
  const auto bracket = authority.rfind(']');
  return authority.substr(0, authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
}

bool Origin::is_loopback() const noexcept {
  const std::string_view name = host();
  const bool is_numeric = std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  return name == "localhost" || name.ends_with(".localhost") || name == "[::1]" ||
         (name.starts_with("127.") && is_numeric);
}

Result<void> check_source(const Origin& own, const RequestSource& source) {
  if (source.sec_fetch_site && *source.sec_fetch_site != "same-origin" && *source.sec_fetch_site != "none") {
    return refuse("Sec-Fetch-Site is \"" + printable(*source.sec_fetch_site) + "\"");
  }
  if (source.origin && *source.origin != own.text()) {
    return refuse("Origin is \"" + printable(*source.origin) + "\" and not \"" + own.text() + "\"");
  }
  return {};
}

}  // namespace mcdsl::csrf
