#include "mcdsl/net/internal/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "mcdsl/http/cidr.h"

namespace mcdsl::net {
namespace {

constexpr std::string_view kV1Start = "PROXY ";
constexpr std::size_t kV1Longest = 107;  // §2.1, with CR LF
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2Start = 16;  // signature, version and command, family and protocol, length

// Families and protocols of version 2 (§2.2); UDP never arrives over a stream.
constexpr unsigned kUnspecified = 0x00;
constexpr unsigned kTcp4 = 0x11;
constexpr unsigned kTcp6 = 0x21;
constexpr unsigned kUnixStream = 0x31;

constexpr std::size_t kTcp4Size = 4 + 4 + 2 + 2;
constexpr std::size_t kTcp6Size = 16 + 16 + 2 + 2;
constexpr std::size_t kUnixSize = 108 + 108;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

// Everything up to the next space, which is taken away too; nullopt where there is none.
std::optional<std::string_view> take_word(std::string_view& line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space + 1);
  return word;
}

std::optional<http::IpAddress> read_address(std::string_view text, bool v6) {
  return text.contains(':') == v6 ? http::IpAddress::parse(text) : std::nullopt;
}

// A decimal number without leading zeros (§2.1).
std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool has_leading_zero = text.size() > 1 && text.starts_with('0');
  return problem == std::errc() && stop == text.data() + text.size() && !has_leading_zero ? std::optional(port)
                                                                                          : std::nullopt;
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  const auto address = http::IpAddress::parse(text.data());  // IPv4 in its IPv6 form becomes IPv4
  return address ? address->to_string() : std::string(text.data());
}

}  // namespace

std::size_t ProxyHeaderParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::more && taken < bytes.size()) {
    if (keep_ > 0 && head_.size() == keep_) {
      const std::size_t passed_over = std::min(skip_, bytes.size() - taken);
      skip_ -= passed_over;
      taken += passed_over;
      state_ = skip_ == 0 ? State::done : State::more;
    } else {
      take(bytes[taken++]);
    }
  }
  return taken;
}

void ProxyHeaderParser::take(char byte) {
  head_.push_back(byte);
  if (head_.front() == kV1Start.front()) {
    take_v1(byte);
  } else {
    take_v2();
  }
}

void ProxyHeaderParser::take_v1(char byte) {
  if (head_.size() <= kV1Start.size()) {
    state_ = kV1Start.starts_with(head_) ? State::more : State::malformed;
  } else if (byte == '\n') {
    const bool is_line = head_.ends_with("\r\n");
    state_ = is_line && read_v1(std::string_view(head_).substr(kV1Start.size(), head_.size() - kV1Start.size() - 2))
                 ? State::done
                 : State::malformed;
  } else if (head_.size() == kV1Longest || head_[head_.size() - 2] == '\r') {
    state_ = State::malformed;
  }
}

bool ProxyHeaderParser::read_v1(std::string_view line) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) {
    return true;  // whatever stands behind it is to be ignored
  }
  const auto family = take_word(line);
  const auto source = take_word(line);
  const auto destination = take_word(line);
  const auto source_port = take_word(line);
  if (!family || !source || !destination || !source_port || (*family != "TCP4" && *family != "TCP6")) {
    return false;
  }
  const bool v6 = *family == "TCP6";
  const auto address = read_address(*source, v6);
  const auto port = read_port(*source_port);
  if (!address || !port || !read_address(*destination, v6) || !read_port(line)) {
    return false;
  }
  source_ = http::Peer{.address = address->to_string(), .port = *port, .secure = false};
  return true;
}

void ProxyHeaderParser::take_v2() {
  if (head_.size() <= kV2Signature.size()) {
    state_ = kV2Signature.starts_with(head_) ? State::more : State::malformed;
    return;
  }
  if (head_.size() == kV2Start && !read_v2_start()) {
    state_ = State::malformed;
    return;
  }
  if (head_.size() == keep_) {
    read_v2_source();
    state_ = skip_ == 0 ? State::done : State::more;
  }
}

bool ProxyHeaderParser::read_v2_start() {
  constexpr unsigned kLocal = 0x20;  // version 2 in the upper half, the command in the lower one
  constexpr unsigned kProxy = 0x21;
  const unsigned command = byte_at(head_, 12);
  const unsigned family = byte_at(head_, 13);
  const std::size_t length = number_at(head_, 14);
  keep_ = kV2Start;
  skip_ = length;
  if (command == kLocal) {
    return true;  // the rest is to be passed over, the family too
  }
  std::size_t needed = 0;
  switch (family) {
    case kUnspecified:
      break;
    case kTcp4:
      needed = kTcp4Size;
      break;
    case kTcp6:
      needed = kTcp6Size;
      break;
    case kUnixStream:
      needed = kUnixSize;
      break;
    default:
      return false;
  }
  if (command != kProxy || length < needed) {
    return false;
  }
  if (family == kUnixStream) {
    source_ = http::Peer{.address = "unix", .port = 0, .secure = false};
  } else {
    keep_ += needed;
    skip_ -= needed;
  }
  return true;
}

void ProxyHeaderParser::read_v2_source() {
  const std::string_view addresses = std::string_view(head_).substr(kV2Start);
  if (addresses.empty()) {
    return;
  }
  const std::size_t size = addresses.size() == kTcp4Size ? 4 : 16;
  source_ = http::Peer{
      .address = address_text(addresses.substr(0, size)), .port = number_at(addresses, 2 * size), .secure = false};
}

}  // namespace mcdsl::net
