#include "attachment_fields.h"

#include <algorithm>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/request.h"

namespace mcq {
namespace {

namespace http = mcdsl::http;

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxContentType = 200;

// C0, DEL, and C1 in its UTF-8 form: a terminal that prints a list of names must not obey them.
bool has_control_character(std::string_view text) {
  char before = '\0';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (before == '\xC2' && byte >= 0x80 && byte <= 0x9F)) {
      return true;
    }
    before = c;
  }
  return false;
}

// What may stand between quotes without an escape (RFC 9110 §5.6.4), and means itself to every reader of file names:
// some decode '%' there (RFC 6266 appendix D).
bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%';
}

// Takes `name=value` from the front, the value a token or in quotes.
bool take_parameter(std::string_view& text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || !http::is_token(text.substr(0, equals))) {
    return false;
  }
  text.remove_prefix(equals + 1);
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find_first_of("; \t"), text.size());
    const bool is_sound = http::is_token(text.substr(0, end));
    text.remove_prefix(end);
    return is_sound;
  }
  const auto end = text.find('"', 1);
  if (end == std::string_view::npos || !std::ranges::all_of(text.substr(1, end - 1), is_plain)) {
    return false;
  }
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

mcdsl::Result<void> check_attachment_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name.front() == '.' || name.contains('/') ||
      has_control_character(name) || !mcdsl::is_valid_utf8(name)) {
    return mcdsl::fail_visible(
        mcdsl::Code::invalid_argument,
        "an attachment's name has 1 to 200 bytes of UTF-8 without '/' and control characters and "
        "does not begin with '.'");
  }
  return {};
}

bool is_content_type(std::string_view text) noexcept {
  if (text.size() > kMaxContentType) {
    return false;
  }
  const std::string_view type = text.substr(0, text.find_first_of("; \t"));
  const auto slash = type.find('/');
  if (slash == std::string_view::npos || !http::is_token(type.substr(0, slash)) ||
      !http::is_token(type.substr(slash + 1))) {
    return false;
  }
  for (text = http::trim(text.substr(type.size())); !text.empty(); text = http::trim(text)) {
    if (!text.starts_with(';')) {
      return false;
    }
    text = http::trim(text.substr(1));
    // A parameter may be empty: "text/plain;" is sound.
    if (!text.empty() && !text.starts_with(';') && !take_parameter(text)) {
      return false;
    }
  }
  return true;
}

std::string content_type_of(const http::Headers& headers) {
  const auto type = headers.get("content-type");
  const bool is_sound = type && headers.count("content-type") == 1 && is_content_type(*type);
  return is_sound ? std::string(*type) : "application/octet-stream";
}

std::string content_disposition(std::string_view name) {
  std::string fallback(name);
  std::ranges::replace_if(fallback, [](char c) { return !is_plain(c); }, '_');
  std::string field = "attachment; filename=\"" + fallback + "\"";
  if (fallback != name) {
    field.append("; filename*=UTF-8''").append(http::percent_encode(name));
  }
  return field;
}

}  // namespace mcq
