#include "mcdsl/http/cidr.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace mcdsl::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 8 * kMappedPrefix.size();

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.contains('\0')) {
    return std::nullopt;
  }
  text.copy(terminated.data(), text.size());
  IpAddress address;
  if (::inet_pton(AF_INET, terminated.data(), address.bytes_.data() + kMappedPrefix.size()) == 1) {
    std::ranges::copy(kMappedPrefix, address.bytes_.begin());
    return address;
  }
  if (::inet_pton(AF_INET6, terminated.data(), address.bytes_.data()) == 1) {
    return address;
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
  return std::memcmp(bytes_.data(), kMappedPrefix.data(), kMappedPrefix.size()) == 0;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? kMappedPrefix.size() : 0), text.data(), text.size());
  return text.data();
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto network = IpAddress::parse(text.substr(0, slash));
  if (!network) {
    return std::nullopt;
  }
  // "::ffff:10.0.0.0/104" counts the bits of the form that it is written in.
  const unsigned before = network->is_v4() && !text.substr(0, slash).contains(':') ? kMappedBits : 0;
  unsigned bits = 128 - before;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    unsigned given = 0;
    const auto [stop, problem] = std::from_chars(digits.data(), end, given);
    if (problem != std::errc() || stop != end || given > bits) {
      return std::nullopt;
    }
    bits = given;
  }
  return Cidr(*network, before + bits);
}

bool Cidr::contains(const IpAddress& address) const noexcept {
  if (address.is_v4() != (network_.is_v4() && bits_ >= kMappedBits)) {
    return false;
  }
  const unsigned whole = bits_ / 8;
  if (std::memcmp(address.bytes_.data(), network_.bytes_.data(), whole) != 0) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> rest);
  return rest == 0 || ((address.bytes_[whole] ^ network_.bytes_[whole]) & mask) == 0;
}

}  // namespace mcdsl::http
