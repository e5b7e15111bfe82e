#include "mcdsl/http/headers.h"

#include <algorithm>
#include <array>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}

constexpr std::array<bool, 256> make_value_table() {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < table.size(); ++byte) {
    table[byte] = byte != 0x7F;
  }
  table['\t'] = true;
  return table;
}

constexpr auto kIsTokenChar = make_token_table();
constexpr auto kIsValueChar = make_value_table();

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return kIsTokenChar[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t plain = plain_run(text);
    text.remove_prefix(plain);
    if (!text.empty() && !kIsValueChar[static_cast<unsigned char>(text.front())]) {
      return false;
    }
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return true;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void Headers::add(std::string_view name, std::string_view value) {
  if (try_add(name, value)) {
    return;
  }
  if (!is_token(name)) {
    throw Exception(Code::internal, "header name \"" + printable(name) + "\" is not a token");
  }
  // The value may be a secret or an attack: it is not quoted.
  throw Exception(Code::internal, "the value for header \"" + std::string(name) + "\" holds a control character");
}

bool Headers::try_add(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) {
    return false;
  }
  if (entries_.empty()) {  // room for what most messages have
    entries_.reserve(8);
    text_.reserve(256);
  }
  const Entry entry{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(text_.size() + name.size()), static_cast<std::uint32_t>(value.size())};
  text_.append(name);
  std::transform(text_.begin() + entry.name_at, text_.end(), text_.begin() + entry.name_at, to_lower);
  text_.append(value);
  entries_.push_back(entry);
  return true;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return equal_ignoring_case(std::string_view(text_).substr(entry.name_at, entry.name_size), name);
  });
}

void Headers::clear() noexcept {
  text_.clear();
  entries_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  for (const Field field : *this) {
    if (equal_ignoring_case(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (const Field field : *this) {
    found += equal_ignoring_case(field.name, name) ? 1 : 0;
  }
  return found;
}

bool Headers::has_element(std::string_view name, std::string_view element) const noexcept {
  for (const Field field : *this) {
    if (!equal_ignoring_case(field.name, name)) {
      continue;
    }
    for (std::string_view rest = field.value;;) {
      const auto comma = rest.find(',');
      if (equal_ignoring_case(trim(rest.substr(0, comma)), element)) {
        return true;
      }
      if (comma == std::string_view::npos) {
        break;
      }
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

Headers::Field Headers::operator[](std::size_t index) const noexcept {
  const Entry& entry = entries_[index];
  const std::string_view text = text_;
  return {text.substr(entry.name_at, entry.name_size), text.substr(entry.value_at, entry.value_size)};
}

}  // namespace mcdsl::http
