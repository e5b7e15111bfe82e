#include "mcdsl/web/internal/return_to.h"

#include <algorithm>
#include <array>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/form.h"

namespace mcdsl::web::internal {
namespace {

constexpr std::size_t kMaxBytes = 2048;

// What an escape in the path stands for; the escape is at the front of the text.
std::optional<unsigned char> unescape(std::string_view text) {
  const auto byte = text.size() < 3 ? std::nullopt : hex_decode(text.substr(1, 2));
  return byte ? std::optional(static_cast<unsigned char>(byte->front())) : std::nullopt;
}

// Escapes that some reader may take for what stands for itself: "%2f" for a slash, "%09" for a tab.
bool has_only_harmless_escapes(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const auto byte = unescape(text.substr(at));
    if (!byte || *byte < 0x20 || *byte == 0x7F || *byte == '/' || *byte == '\\' || *byte == '%') {
      return false;
    }
  }
  return true;
}

bool is_dots(std::string_view segment) {
  std::string plain;
  while (!segment.empty()) {
    if (segment.front() == '%' && unescape(segment) == static_cast<unsigned char>('.')) {
      plain.push_back('.');
      segment.remove_prefix(3);
    } else {
      plain.push_back(segment.front());
      segment.remove_prefix(1);
    }
  }
  return plain == "." || plain == "..";
}

bool has_only_plain_segments(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (is_dots(segment) || (segment.empty() && !path.empty())) {
      return false;
    }
  }
  return true;
}

bool is_of_the_login(std::string_view path) {
  constexpr std::array<std::string_view, 3> kPaths{"/login", "/logout", "/logged-out"};
  return std::ranges::find(kPaths, path) != kPaths.end() || path == "/sso" || path.starts_with("/sso/");
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

}  // namespace

bool is_own_path(std::string_view text) {
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7F' && c != '\\'; };
  const std::string_view path = path_of(text);
  return text.size() <= kMaxBytes && text.starts_with('/') && std::ranges::all_of(text, is_visible) &&
         has_only_plain_segments(path) && has_only_harmless_escapes(path);
}

std::string safe_return_to(std::string_view wanted) {
  return is_own_path(wanted) && !is_of_the_login(path_of(wanted)) ? std::string(wanted) : "/";
}

std::string return_to_of_query(std::string_view query) {
  const auto form = http::Form::parse(query);
  const auto wanted = form ? form->find("return_to") : Result<std::optional<std::string_view>>(std::nullopt);
  return safe_return_to(wanted && *wanted ? **wanted : "/");
}

std::string return_to_of(const http::Request& request, const csrf::Origin& own) {
  if (const auto page = request.header("hx-current-url"); page && page->starts_with(own.text())) {
    return safe_return_to(page->substr(own.text().size()));
  }
  if (request.method() != http::Method::get && request.method() != http::Method::head) {
    return "/";
  }
  std::string target(request.path());
  if (!request.query().empty()) {
    target.append("?").append(request.query());
  }
  return safe_return_to(target);
}

}  // namespace mcdsl::web::internal
