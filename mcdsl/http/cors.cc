#include "mcdsl/http/cors.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Exception(Code::internal, "cors: \"" + printable(what) + "\" " + std::string(why));
}

// An origin as browsers serialise it (HTML standard, "ASCII serialization of an origin"): scheme, host in lower case,
// port where it is not the scheme's own.
bool is_origin(std::string_view text) {
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) {
    return false;
  }
  const std::string_view scheme = text.substr(0, scheme_end);
  std::string_view host = text.substr(scheme_end + 3);
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && !host.ends_with(']')) {
    const std::string_view port = host.substr(colon + 1);
    std::uint16_t number = 0;
    const auto [stop, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
    const bool is_default = (scheme == "https" && number == 443) || (scheme == "http" && number == 80);
    if (problem != std::errc() || stop != port.data() + port.size() || port.starts_with('0') || is_default) {
      return false;
    }
    host = host.substr(0, colon);
  }
  const auto is_scheme_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.';
  };
  const auto is_name_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  const std::string_view name = is_bracketed ? host.substr(1, host.size() - 2) : host;
  return std::ranges::all_of(scheme, is_scheme_char) && !name.empty() &&
         std::ranges::all_of(name, [&](char c) { return is_name_char(c) || (is_bracketed && c == ':'); });
}

std::string join(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) {
    if (!is_token(name)) {
      refuse(name, "is not the name of a header");
    }
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text;
}

// The rules, with each value of a header made once.
class Cors {
 public:
  explicit Cors(CorsOptions options)
      : any_origin_(options.origins == std::vector<std::string>{"*"}),
        credentials_(options.credentials),
        headers_(join(options.headers)),
        exposed_(join(options.exposed_headers)),
        max_age_(std::to_string(options.max_age.count())),
        origins_(std::move(options.origins)) {
    for (const Method method : options.methods) {
      methods_.append(methods_.empty() ? "" : ", ").append(name(method));
    }
    if (any_origin_ && credentials_) {
      refuse("*", "cannot go with credentials: every site could act for every user");
    }
    for (const std::string& origin : origins_) {
      if (!any_origin_ && !is_origin(origin)) {
        refuse(origin, "is not an origin that a browser sends: write it as \"https://app.example.org\"");
      }
    }
  }

  [[nodiscard]] Response answer(Request& request, const Handler& next) const {
    const auto origin = request.headers().count("origin") == 1 ? request.header("origin") : std::nullopt;
    const bool is_allowed = origin && (any_origin_ || std::ranges::find(origins_, *origin) != origins_.end());
    const std::string allowed(is_allowed ? (any_origin_ ? "*" : *origin) : "");  // a copy: a handler may move it
    const bool is_preflight =
        request.method() == Method::options && request.headers().contains("access-control-request-method");
    Response response = is_allowed && is_preflight ? preflight() : next(request);
    if (!any_origin_) {
      response.headers.add("vary", "origin");  // also without one: the next request to a cache may have it
    }
    if (is_allowed) {
      response.headers.set("access-control-allow-origin", allowed);
      if (credentials_) {
        response.headers.set("access-control-allow-credentials", "true");
      }
      if (!is_preflight && !exposed_.empty()) {
        response.headers.set("access-control-expose-headers", exposed_);
      }
    }
    return response;
  }

 private:
  [[nodiscard]] Response preflight() const {
    Response response = no_content();
    response.headers.add("access-control-allow-methods", methods_);
    if (!headers_.empty()) {
      response.headers.add("access-control-allow-headers", headers_);
    }
    response.headers.add("access-control-max-age", max_age_);
    return response;
  }

  bool any_origin_;
  bool credentials_;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  std::string max_age_;
  std::vector<std::string> origins_;
};

}  // namespace

Middleware cors(CorsOptions options) {
  return [rules = std::make_shared<const Cors>(std::move(options))](Handler next) -> Handler {
    return [rules, next = std::move(next)](Request& request) { return rules->answer(request, next); };
  };
}

}  // namespace mcdsl::http
