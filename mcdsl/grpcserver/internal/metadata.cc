#include "mcdsl/grpcserver/internal/metadata.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "mcdsl/base/bytes.h"

namespace mcdsl::grpcserver {
namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

constexpr bool stands_for_itself(char c) noexcept {
  return c >= ' ' && c <= '~' && c != '%';
}

// Base64 in the alphabet of RFC 4648 §4 from that of §5 and back: they differ in two characters.
void exchange(std::string& text, std::string_view from, std::string_view to) {
  for (char& c : text) {
    if (const std::size_t index = from.find(c); index != std::string_view::npos) {
      c = to[index];
    }
  }
}

// The number that 1 to `most` digits make; nullopt for any other text. `most` is at most 18, so that nothing overflows.
std::optional<std::int64_t> read_digits(std::string_view text, std::size_t most) noexcept {
  if (text.empty() || text.size() > most) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    number = number * 10 + (c - '0');
  }
  return number;
}

constexpr std::int64_t nanoseconds_of(char unit) noexcept {
  using namespace std::chrono;
  switch (unit) {
    case 'H':
      return nanoseconds(hours(1)).count();
    case 'M':
      return nanoseconds(minutes(1)).count();
    case 'S':
      return nanoseconds(seconds(1)).count();
    case 'm':
      return nanoseconds(milliseconds(1)).count();
    case 'u':
      return nanoseconds(microseconds(1)).count();
    case 'n':
      return 1;
    default:
      return 0;
  }
}

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Reserved whatever follows: pseudo headers (RFC 9113 §8.3) and what gRPC and Connect keep for themselves.
constexpr std::array<std::string_view, 3> kReservedPrefixes{":", "grpc-", "connect-"};

// What says how the message is sent, and what is of one connection only (RFC 9110 §7.6.1). Sorted.
constexpr std::array<std::string_view, 15> kReservedNames{"accept",
                                                          "accept-encoding",
                                                          "connection",
                                                          "content-encoding",
                                                          "content-length",
                                                          "content-type",
                                                          "expect",
                                                          "host",
                                                          "keep-alive",
                                                          "proxy-connection",
                                                          "te",
                                                          "trailer",
                                                          "transfer-encoding",
                                                          "upgrade",
                                                          "x-grpc-web"};
static_assert(std::ranges::is_sorted(kReservedNames));

}  // namespace

std::string percent_encode(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    if (stands_for_itself(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHexDigits[byte >> 4U], kHexDigits[byte & 15U]});
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() == '%') {
      if (const auto byte = hex_decode(text.substr(1, 2)); byte && byte->size() == 1) {
        out.append(*byte);
        text.remove_prefix(3);
        continue;
      }
    }
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

std::string encode_binary(std::string_view bytes) {
  std::string text = base64url_encode(bytes);
  exchange(text, "-_", "+/");
  return text;
}

std::optional<std::string> decode_binary(std::string_view text) {
  if (text.find_first_of("-_") != std::string_view::npos) {
    return std::nullopt;
  }
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) {
      return std::nullopt;
    }
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  std::string url_safe(text);
  exchange(url_safe, "+/", "-_");
  return base64url_decode(url_safe);
}

Result<nanoseconds> parse_timeout(std::string_view text) {
  const std::int64_t unit = text.empty() ? 0 : nanoseconds_of(text.back());
  const auto count = unit == 0 ? std::nullopt : read_digits(text.substr(0, text.size() - 1), 8);
  if (!count) {
    return fail_visible(Code::invalid_argument, "grpc-timeout: want 1 to 8 digits and one of H, M, S, m, u, n");
  }
  if (*count > std::numeric_limits<std::int64_t>::max() / unit) {
    return nanoseconds::max();
  }
  return nanoseconds(*count * unit);
}

Result<nanoseconds> parse_connect_timeout(std::string_view text) {
  const auto count = read_digits(text, 10);
  if (!count) {
    return fail_visible(Code::invalid_argument, "connect-timeout-ms: want 1 to 10 digits");
  }
  return nanoseconds(std::chrono::milliseconds(*count));
}

bool is_reserved(std::string_view name) {
  std::string folded(name);
  std::ranges::transform(folded, folded.begin(), lower);
  return std::ranges::any_of(kReservedPrefixes, [&](std::string_view prefix) { return folded.starts_with(prefix); }) ||
         std::ranges::binary_search(kReservedNames, std::string_view(folded));
}

}  // namespace mcdsl::grpcserver
