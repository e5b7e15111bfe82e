#include "mcdsl/http/cookie.h"

#include <algorithm>
#include <utility>

#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

constexpr std::string_view kHostPrefix = "__Host-";
constexpr std::string_view kSecurePrefix = "__Secure-";
constexpr std::size_t kMaxNameAndValue = 4096;  // RFC 6265bis §5.6
constexpr std::size_t kMaxAttribute = 1024;     // RFC 6265bis §5.6

bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
  return equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

// cookie-octet (RFC 6265bis §4.1.1)
bool is_value_character(char c) noexcept {
  return c > ' ' && c < '\x7F' && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_value(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::ranges::all_of(text, is_value_character);
}

// Calls `visit(value)` for each value that one field has for the name.
template <class Visit>
void each_value(std::string_view field, std::string_view name, const Visit& visit) noexcept {
  while (!field.empty()) {
    const std::string_view pair = field.substr(0, field.find(';'));
    field.remove_prefix(std::min(pair.size() + 1, field.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && trim(pair.substr(0, equals)) == name) {
      visit(trim(pair.substr(equals + 1)));
    }
  }
}

std::string_view name_of(SameSite same_site) noexcept {
  switch (same_site) {
    case SameSite::strict:
      return "Strict";
    case SameSite::lax:
      return "Lax";
    case SameSite::none:
      break;
  }
  return "None";
}

// What browsers would not take as it is meant; empty where nothing is wrong.
std::string_view mistake(const Cookie& cookie) noexcept {
  const bool is_path = cookie.path.starts_with('/') && cookie.path.size() <= kMaxAttribute &&
                       std::ranges::all_of(cookie.path, [](char c) { return c >= ' ' && c < '\x7F' && c != ';'; });
  if (!std::ranges::all_of(cookie.value, is_value_character)) {
    return "its value holds a character that a cookie cannot hold";
  }
  if (cookie.name.size() + cookie.value.size() > kMaxNameAndValue) {
    return "name and value are longer than 4096 bytes";
  }
  if (!is_path) {
    return "its path must start with '/' and hold visible ASCII but ';'";
  }
  if (cookie.max_age && cookie.max_age->count() < 0) {
    return "its age is negative: expire_cookie() deletes one";
  }
  if (has_prefix(cookie.name, kSecurePrefix) && !cookie.secure) {
    return "__Secure- needs the attribute Secure";
  }
  if (has_prefix(cookie.name, kHostPrefix) && (!cookie.secure || cookie.path != "/")) {
    return "__Host- needs the attribute Secure and the path \"/\"";
  }
  if (cookie.same_site == SameSite::none && !cookie.secure) {
    return "SameSite=None needs the attribute Secure";
  }
  return {};
}

}  // namespace

std::optional<std::string_view> find_cookie(const Headers& headers, std::string_view name) noexcept {
  std::optional<std::string_view> first;
  std::size_t count = 0;
  for (const auto& [field, value] : headers) {
    if (field == "cookie") {
      each_value(value, name, [&](std::string_view found) {
        if (count++ == 0) {
          first = found;
        }
      });
    }
  }
  if (!first || !is_value(*first) || (count > 1 && has_prefix(name, kHostPrefix))) {
    return std::nullopt;
  }
  return first;
}

std::string format_cookie(const Cookie& cookie) {
  if (!is_token(cookie.name)) {
    throw Exception(Code::invalid_argument, "the name of a cookie is not a token");
  }
  if (const std::string_view what = mistake(cookie); !what.empty()) {  // the value may be a secret: it is not quoted
    throw Exception(Code::invalid_argument, "cookie \"" + cookie.name + "\": " + std::string(what));
  }
  std::string text = cookie.name + '=' + cookie.value + "; Path=" + cookie.path;
  if (cookie.max_age) {
    text.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
  }
  text.append(cookie.secure ? "; Secure" : "").append(cookie.http_only ? "; HttpOnly" : "");
  return text.append("; SameSite=").append(name_of(cookie.same_site));
}

void set_cookie(Response& response, const Cookie& cookie) {
  response.headers.add("set-cookie", format_cookie(cookie));
}

void expire_cookie(Response& response, Cookie cookie) {
  cookie.value.clear();
  cookie.max_age = std::chrono::seconds(0);
  set_cookie(response, cookie);
}

}  // namespace mcdsl::http
