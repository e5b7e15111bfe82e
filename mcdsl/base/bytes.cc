#include "mcdsl/base/bytes.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace mcdsl {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> inverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr auto kBase64UrlValue = inverse(kBase64Url);

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

// How many of the next bytes are certainly ASCII, as nearly all text is: looked at eight at a time.
std::size_t ascii_run(std::string_view text) noexcept {
  std::uint64_t word = 0;
  if (text.size() >= sizeof word) {
    std::memcpy(&word, text.data(), sizeof word);
    if ((word & 0x8080808080808080U) == 0) {
      return sizeof word;
    }
  }
  return static_cast<unsigned char>(text.front()) < 0x80 ? 1 : 0;
}

constexpr std::uint64_t kEachByte = 0x0101010101010101U;

// Whether a byte of the word is zero, or below `limit` (at most 128). Bytes from 0x80 never are.
constexpr bool has_zero(std::uint64_t word) noexcept {
  return ((word - kEachByte) & ~word & (kEachByte * 0x80)) != 0;
}
constexpr bool has_less(std::uint64_t word, std::uint64_t limit) noexcept {
  return ((word - kEachByte * limit) & ~word & (kEachByte * 0x80)) != 0;
}

constexpr bool is_plain(char c) noexcept {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

// The length of the well-formed UTF-8 sequence at the front of `text`, or 0 (Unicode table 3-7).
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return is_tail(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return byte(1) >= low && byte(1) <= high && is_tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) {
      out.push_back(kBase64Url[(bits >> static_cast<unsigned>(count - 6)) & 63U]);
    }
  }
  if (count > 0) {
    out.push_back(kBase64Url[(bits << static_cast<unsigned>(6 - count)) & 63U]);
  }
  return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = kBase64UrlValue[static_cast<unsigned char>(c)];
    if (value < 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 255U));
    }
  }
  if ((bits & ((1U << static_cast<unsigned>(count)) - 1U)) != 0) {
    return std::nullopt;
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) {
    return false;
  }
  unsigned difference = 0;
  const volatile char* left = a.data();
  const volatile char* right = b.data();
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]));
  }
  return difference == 0;
}

std::size_t plain_run(std::string_view text) noexcept {
  std::size_t run = 0;
  for (std::uint64_t word = 0; text.size() - run >= sizeof word; run += sizeof word) {
    std::memcpy(&word, text.data() + run, sizeof word);
    if ((word & (kEachByte * 0x80)) != 0 || has_less(word, 0x20) || has_zero(word ^ (kEachByte * 0x7F)) ||
        has_zero(word ^ (kEachByte * '"')) || has_zero(word ^ (kEachByte * '\\'))) {
      break;
    }
  }
  while (run < text.size() && is_plain(text[run])) {
    ++run;
  }
  return run;
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t ascii = ascii_run(text);
    const std::size_t length = ascii > 0 ? ascii : utf8_sequence(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const auto lead = static_cast<unsigned char>(text.front());
    // C1 controls (U+0080 to U+009F) reach terminals as well as C0 do.
    const bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0);
    const std::size_t take = length == 0 ? 1 : length;
    const bool escaped = length == 0 || control;
    if (out.size() + (escaped ? take * 4 : take) > limit) {
      return out + "...";
    }
    for (const char c : text.substr(0, take)) {
      if (escaped) {
        out.append("\\x").append(hex_encode(std::string_view(&c, 1)));
      } else {
        out.push_back(c);
      }
    }
    text.remove_prefix(take);
  }
  return out;
}

}  // namespace mcdsl
