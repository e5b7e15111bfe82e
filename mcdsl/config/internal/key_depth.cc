#include "mcdsl/config/internal/key_depth.h"

#include <algorithm>

namespace mcdsl::config::internal {
namespace {

/// The offset after the string that starts at `at`; the end of the text, or of the line, where nothing closes it.
std::size_t skip_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view triple = quote == '"' ? R"(""")" : "'''";
  const bool multi_line = text.substr(at).starts_with(triple);
  for (std::size_t i = at + (multi_line ? 3 : 1); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (multi_line && text.substr(i).starts_with(triple)) {
      // The last two characters of the string may be quotes too: """"quoted""""" (TOML 1.0, "String").
      const std::size_t end = std::min(text.find_first_not_of(quote, i), i + 5);
      return std::min(end, text.size());
    } else if (!multi_line && (text[i] == quote || text[i] == '\n')) {
      return text[i] == quote ? i + 1 : i;
    }
  }
  return text.size();
}

Position position_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return {.line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
          .column = static_cast<std::uint32_t>(std::ranges::count_if(before.substr(line_start), is_first_byte) + 1)};
}

}  // namespace

std::optional<Position> find_too_deep_key(std::string_view text) {
  constexpr std::string_view kEndOfKey = "=,[]{}\n";
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = skip_string(text, i);
      continue;
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (kEndOfKey.contains(c)) {
      dots = 0;
    } else if (c == '.' && ++dots == kMaxKeyParts) {
      return position_at(text, i);
    }
    ++i;
  }
  return std::nullopt;
}

}  // namespace mcdsl::config::internal
