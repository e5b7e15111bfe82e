#include "mcdsl/http/ranges.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "mcdsl/http/date.h"
#include "mcdsl/http/entity_tag.h"

namespace mcdsl::http {
namespace {

// 1*DIGIT; what is too large for the type is past the end of every file, and so is its largest value.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (digits.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

RangeChoice part(std::uint64_t offset, std::uint64_t length) noexcept {
  return {.kind = RangeChoice::Kind::part, .offset = offset, .length = length};
}

constexpr RangeChoice kUnsatisfiable{.kind = RangeChoice::Kind::unsatisfiable};

// "-500": the last bytes. None at all cannot be had; of nothing, all is had, but no Content-Range can say so.
RangeChoice choose_suffix(std::string_view digits, std::uint64_t size) noexcept {
  const auto length = parse_position(digits);
  if (!length || (size == 0 && *length > 0)) {
    return {};
  }
  if (*length == 0) {
    return kUnsatisfiable;
  }
  return part(size - std::min(*length, size), std::min(*length, size));
}

// RFC 9110 §13.1.5: a strong tag that is the same, or a date that is the same and so long past that the second it names
// cannot have seen two states (§8.8.2.2).
bool if_range_holds(const Request& request, const Headers& whole, const Clock& clock) {
  const auto value = request.header("if-range");
  if (!value) {
    return true;
  }
  if (request.headers().count("if-range") > 1) {
    return false;
  }
  if (const auto wanted = parse_entity_tag(*value)) {
    const auto own = parse_entity_tag(whole.get("etag").value_or(""));
    return own && strongly_equal(*wanted, *own);
  }
  const auto modified = whole.get("last-modified");
  const auto date = parse_date(*value, clock.now());
  return modified && date && date == parse_date(*modified, clock.now()) &&
         *date + std::chrono::seconds(1) <= clock.now();
}

RangeChoice range_of(const Request& request, const Response& whole, std::uint64_t size, const Clock& clock) {
  const auto field = request.header("range");
  if (!field || request.method() != Method::get || request.headers().count("range") > 1 ||
      !if_range_holds(request, whole.headers, clock)) {
    return {};
  }
  return choose_range(*field, size);
}

Response unsatisfiable(const Response& whole, std::uint64_t size) {
  Response response = error(416, "range not satisfiable");
  for (const std::string_view name : {"etag", "last-modified", "vary"}) {
    if (const auto value = whole.headers.get(name)) {
      response.headers.set(name, *value);
    }
  }
  response.headers.set("content-range", "bytes */" + std::to_string(size));  // §15.5.17
  return response;
}

}  // namespace

RangeChoice choose_range(std::string_view field, std::uint64_t size) noexcept {
  constexpr std::string_view kUnit = "bytes=";
  if (!equal_ignoring_case(field.substr(0, kUnit.size()), kUnit)) {
    return {};
  }
  field.remove_prefix(kUnit.size());
  if (field.starts_with('-')) {
    return choose_suffix(field.substr(1), size);
  }
  const auto dash = field.find('-');
  if (dash == std::string_view::npos) {
    return {};
  }
  const auto first = parse_position(field.substr(0, dash));
  const bool open = dash + 1 == field.size();
  const auto last =
      open ? std::optional(std::numeric_limits<std::uint64_t>::max()) : parse_position(field.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return {};
  }
  if (*first >= size) {
    return kUnsatisfiable;
  }
  return part(*first, std::min(*last, size - 1) - *first + 1);
}

Response with_range(const Request& request, Response whole, const Clock& clock) {
  const bool is_read = request.method() == Method::get || request.method() == Method::head;
  if (whole.status != 200 || whole.stream || !is_read) {
    return whole;
  }
  const std::uint64_t size = whole.file ? whole.file->length : whole.body.size();
  const RangeChoice choice = range_of(request, whole, size, clock);
  if (choice.kind == RangeChoice::Kind::unsatisfiable) {
    return unsatisfiable(whole, size);
  }
  whole.headers.set("accept-ranges", "bytes");
  if (choice.kind == RangeChoice::Kind::whole) {
    return whole;
  }
  whole.status = 206;
  whole.headers.set("content-range", "bytes " + std::to_string(choice.offset) + '-' +
                                         std::to_string(choice.offset + choice.length - 1) + '/' +
                                         std::to_string(size));
  if (whole.file) {
    whole.file->offset += choice.offset;
    whole.file->length = choice.length;
  } else {
    whole.body.erase(0, choice.offset);
    whole.body.resize(choice.length);
  }
  return whole;
}

}  // namespace mcdsl::http
