#include "mcdsl/csrf/internal/key_text.h"

#include <utility>

#include "mcdsl/base/bytes.h"

namespace mcdsl::csrf::internal {
namespace {

constexpr std::string_view kTitle = "mcdsl keys 1";
constexpr std::string_view kCurrent = "current ";
constexpr std::string_view kPrevious = "previous ";

// The next line without its newline; nullopt where the text ends before one.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<Secret> take_key(std::string_view& text, std::string_view word, int number) {
  const auto line = take_line(text);
  const std::string where = "line " + std::to_string(number);
  if (!line) {
    return fail(Code::invalid_argument, where + " ends before its newline: the file was cut short");
  }
  if (!line->starts_with(word)) {
    return fail(Code::invalid_argument, where + " does not begin with \"" + std::string(word) + "\"");
  }
  auto bytes = hex_decode(line->substr(word.size()));
  if (!bytes || bytes->size() != kKeyBytes) {
    return fail(Code::invalid_argument, where + " does not hold a key of 64 hexadecimal digits");
  }
  return Secret(*std::move(bytes));
}

}  // namespace

Secret format_keys(const KeyBytes& keys) {
  std::string text;
  text.reserve(256);  // so that it never moves and leaves a copy behind
  const auto add = [&text](std::string_view word, const Secret& key) {
    std::string hex = hex_encode(key.reveal());
    text.append(word).append(hex).append("\n");
    wipe(hex);
  };
  text.append(kTitle).append("\n");
  add(kCurrent, keys.current);
  if (keys.previous) {
    add(kPrevious, *keys.previous);
  }
  return Secret(std::move(text));
}

Result<KeyBytes> parse_keys(std::string_view text) {
  if (text.empty()) {
    return fail(Code::invalid_argument, "the file is empty");
  }
  if (take_line(text) != kTitle) {
    return fail(Code::invalid_argument, "line 1 is not \"" + std::string(kTitle) + "\": this is no key file");
  }
  auto current = take_key(text, kCurrent, 2);
  if (!current) {
    return fail(std::move(current).error());
  }
  KeyBytes keys{.current = *std::move(current)};
  if (!text.empty()) {
    auto previous = take_key(text, kPrevious, 3);
    if (!previous) {
      return fail(std::move(previous).error());
    }
    keys.previous = *std::move(previous);
  }
  if (!text.empty()) {
    return fail(Code::invalid_argument, "there is something behind line 3");
  }
  return keys;
}

}  // namespace mcdsl::csrf::internal
