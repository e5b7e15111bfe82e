#include "mcdsl/base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <expected>
#include <optional>

#include "mcdsl/base/bytes.h"

namespace mcdsl {
namespace {

using std::chrono::nanoseconds;

// What the most negative duration counts; the most positive one counts one less.
constexpr std::uint64_t kNanosLimit = std::uint64_t{1} << 63;
constexpr std::string_view kOutOfRange = "it is out of range";

// The years that a system_clock of nanoseconds holds whole, with any offset.
constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;

struct Unit {
  std::string_view name;
  std::uint64_t nanos;
};

constexpr std::array<Unit, 8> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},  // U+00B5 micro sign
    {"\xCE\xBCs", 1'000},  // U+03BC Greek mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::unexpected<Error> bad_duration(std::string_view text, std::string_view why) {
  return fail_visible(Code::invalid_argument, "\"" + printable(text) + "\" is not a duration: " + std::string(why) +
                                                  R"( (write "30s" or "1h30m"))");
}

// Takes decimal digits from the front of `rest` into `value`; nullopt on overflow past 2^63.
std::optional<std::uint64_t> take_digits(std::string_view& rest) {
  std::uint64_t value = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    const auto digit = static_cast<std::uint64_t>(rest.front() - '0');
    if (value > (kNanosLimit - digit) / 10) {
      return std::nullopt;
    }
    value = value * 10 + digit;
    rest.remove_prefix(1);
  }
  return value;
}

// Digits after the decimal point, scaled to `unit`. Go computes this in floating point, from as many digits as 63 bits
// hold, and so do we: a file must mean the same to both, to the nanosecond.
std::uint64_t scaled_fraction(std::string_view digits, std::uint64_t unit) {
  std::uint64_t value = 0;
  double scale = 1;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kNanosLimit - digit) / 10) {
      break;
    }
    value = value * 10 + digit;
    scale *= 10;
  }
  return static_cast<std::uint64_t>(static_cast<double>(value) * (static_cast<double>(unit) / scale));
}

const Unit* take_unit(std::string_view& rest) {
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) {
    ++length;
  }
  const std::string_view word = rest.substr(0, length);
  for (const Unit& unit : kUnits) {
    if (unit.name == word) {
      rest.remove_prefix(length);
      return &unit;
    }
  }
  return nullptr;
}

// One number with its unit, in nanoseconds, from the front of `rest`; otherwise what is wrong with it.
std::expected<std::uint64_t, std::string_view> take_part(std::string_view& rest) {
  const std::string_view number = rest;
  const auto whole = take_digits(rest);
  if (!whole) {
    return std::unexpected(kOutOfRange);
  }
  std::string_view fraction;
  std::size_t digits = number.size() - rest.size();
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
    rest.remove_prefix(fraction.size());
    digits += fraction.size();
  }
  if (digits == 0) {
    return std::unexpected("a number is missing");
  }
  const Unit* unit = take_unit(rest);
  if (unit == nullptr) {
    return std::unexpected(rest.empty() ? "a unit is missing" : "unknown unit");
  }
  if (*whole > kNanosLimit / unit->nanos) {
    return std::unexpected(kOutOfRange);
  }
  const std::uint64_t part = *whole * unit->nanos + scaled_fraction(fraction, unit->nanos);
  if (part > kNanosLimit) {
    return std::unexpected(kOutOfRange);
  }
  return part;
}

void append_padded(std::string& out, std::uint64_t value, std::size_t width) {
  std::array<char, 20> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  if (length < width) {
    out.append(width - length, '0');
  }
  out.append(digits.data(), length);
}

// "1.5" for 1'500 of 1'000: whole part, and the fraction without trailing zeros.
void append_decimal(std::string& out, std::uint64_t value, std::uint64_t unit) {
  append_padded(out, value / unit, 1);
  const std::uint64_t fraction = value % unit;
  if (fraction == 0) {
    return;
  }
  out.push_back('.');
  std::string digits;
  std::size_t width = 0;
  for (std::uint64_t u = unit; u > 1; u /= 10) {
    ++width;
  }
  append_padded(digits, fraction, width);
  digits.erase(digits.find_last_not_of('0') + 1);
  out += digits;
}

// A fixed run of `width` digits at `text[at]`.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t width) {
  int value = 0;
  if (text.size() < at + width) {
    return std::nullopt;
  }
  for (const char c : text.substr(at, width)) {
    if (!is_digit(c)) {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) {
    rest.remove_prefix(1);
  }
  if (rest == "0") {
    return nanoseconds(0);
  }
  if (rest.empty()) {
    return bad_duration(text, "it is empty");
  }
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part) {
      return bad_duration(text, part.error());
    }
    if (total > kNanosLimit - *part) {
      return bad_duration(text, kOutOfRange);
    }
    total += *part;
  }
  if (!negative && total == kNanosLimit) {
    return bad_duration(text, kOutOfRange);
  }
  return nanoseconds(static_cast<std::int64_t>(negative ? ~total + 1 : total));
}

std::string format_duration(nanoseconds duration) {
  const bool negative = duration.count() < 0;
  auto value = static_cast<std::uint64_t>(duration.count());
  if (negative) {
    value = ~value + 1;
  }
  std::string out = negative ? "-" : "";
  if (value == 0) {
    return "0s";
  }
  if (value < 1'000) {
    append_decimal(out, value, 1);
    return out + "ns";
  }
  if (value < 1'000'000) {
    append_decimal(out, value, 1'000);
    return out + "\xC2\xB5s";
  }
  if (value < 1'000'000'000) {
    append_decimal(out, value, 1'000'000);
    return out + "ms";
  }
  const std::uint64_t hours = value / 3'600'000'000'000;
  const std::uint64_t minutes = value / 60'000'000'000;
  if (hours > 0) {
    append_padded(out, hours, 1);
    out += 'h';
  }
  if (minutes > 0) {
    append_padded(out, minutes % 60, 1);
    out += 'm';
  }
  append_decimal(out, value % 60'000'000'000, 1'000'000'000);
  return out + "s";
}

std::string format_rfc3339(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto millis = floor<milliseconds>(time);
  const auto day = floor<days>(millis);
  const year_month_day date(day);
  const hh_mm_ss clock(millis - day);
  std::string out;
  out.reserve(24);
  append_padded(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  if (clock.subseconds().count() != 0) {
    out += '.';
    append_padded(out, static_cast<std::uint64_t>(clock.subseconds().count()), 3);
  }
  return out + 'Z';
}

Result<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [&] {
    return fail_visible(Code::invalid_argument,
                        "\"" + printable(text) + R"(" is not an RFC 3339 time (write "2026-01-31T12:00:00Z"))");
  };
  const auto year_number = number_at(text, 0, 4);
  const auto month_number = number_at(text, 5, 2);
  const auto day_number = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2);
  const auto minute = number_at(text, 14, 2);
  const auto second = number_at(text, 17, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return bad();
  }
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                            std::chrono::day(static_cast<unsigned>(*day_number)));
  if (!date.ok() || *year_number < kFirstYear || *year_number > kLastYear || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return bad();
  }
  std::size_t at = 19;
  nanoseconds fraction{0};
  if (at < text.size() && text[at] == '.') {
    const std::size_t first = ++at;
    std::int64_t scale = 100'000'000;
    for (; at < text.size() && is_digit(text[at]); ++at, scale /= 10) {
      fraction += nanoseconds((text[at] - '0') * scale);
    }
    if (at == first || at - first > 9) {
      return bad();
    }
  }
  minutes offset{0};
  if (at >= text.size()) {
    return bad();
  }
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    const auto offset_hours = number_at(text, at + 1, 2);
    const auto offset_minutes = number_at(text, at + 4, 2);
    if (!offset_hours || !offset_minutes || text[at + 3] != ':' || *offset_hours > 23 || *offset_minutes > 59) {
      return bad();
    }
    offset = hours(*offset_hours) + minutes(*offset_minutes);
    if (text[at] == '-') {
      offset = -offset;
    }
    at += 6;
  }
  if (at != text.size()) {
    return bad();
  }
  const auto whole = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second == 60 ? 59 : *second) - offset;
  return time_point_cast<system_clock::duration>(whole + fraction);
}

}  // namespace mcdsl
