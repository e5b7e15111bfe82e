#include "mcdsl/http/headers.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Of a character that a token may have its lower case, of any other zero.
constexpr std::array<char, 256> make_token_table() {
  std::array<char, 256> table{};
  for (const char c :
       std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = to_lower(c);
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

constexpr auto kTokenChars = make_token_table();
constexpr auto kIsValueChar = make_value_table();

bool are_value_chars(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return kIsValueChar[static_cast<unsigned char>(c)]; });
}

// Whether one of eight bytes is below 0x20 or 0x7F: "haszero" and "hasless" of Bit Twiddling Hacks.
constexpr bool has_control(std::uint64_t word) noexcept {
  constexpr std::uint64_t kEachByte = ~std::uint64_t{0} / 255;
  const std::uint64_t deletes = word ^ (kEachByte * 0x7F);
  return ((((word - kEachByte * 0x20) & ~word) | ((deletes - kEachByte) & ~deletes)) & (kEachByte * 0x80)) != 0;
}

// Names are looked up several times in each request, most often as they are kept.
template <class Entry>
bool has_name(const Entry& entry, const std::string& text, std::string_view name) noexcept {
  const std::string_view own(text.data() + entry.name_at, entry.name_size);
  return own.size() == name.size() && (own == name || equal_ignoring_case(own, name));
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return kTokenChars[static_cast<unsigned char>(c)] != '\0'; });
}

bool is_field_value(std::string_view text) noexcept {
  for (std::uint64_t word = 0; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    if (has_control(word) && !are_value_chars(text.substr(0, sizeof word))) {
      return false;
    }
  }
  return are_value_chars(text);
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
  if (entries_.empty()) {  // room for what most messages have
    entries_.reserve(8);
    text_.reserve(256);
  }
  const Entry entry{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(text_.size() + name.size()), static_cast<std::uint32_t>(value.size())};
  text_.append(name);
  bool is_good = !name.empty() && is_field_value(value);
  for (char& c : std::span(text_).subspan(entry.name_at)) {
    c = kTokenChars[static_cast<unsigned char>(c)];
    is_good = is_good && c != '\0';
  }
  if (!is_good) {
    text_.resize(entry.name_at);
    return false;
  }
  text_.append(value);
  entries_.push_back(entry);
  return true;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return has_name(entry, text_, name); });
}

void Headers::clear() noexcept {
  text_.clear();
  entries_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  for (const Entry& entry : entries_) {
    if (has_name(entry, text_, name)) {
      return std::string_view(text_).substr(entry.value_at, entry.value_size);
    }
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [&](const Entry& entry) { return has_name(entry, text_, name); }));
}

bool Headers::has_element(std::string_view name, std::string_view element) const noexcept {
  for (const Entry& entry : entries_) {
    if (!has_name(entry, text_, name)) {
      continue;
    }
    for (std::string_view rest = std::string_view(text_).substr(entry.value_at, entry.value_size);;) {
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
