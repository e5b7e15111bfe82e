#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mcdsl::http {

/// An IPv4 or IPv6 address. An IPv4 address in IPv6 form (::ffff:192.0.2.7, RFC 4291 §2.5.5.2) is the IPv4 address.
class IpAddress {
 public:
  /// Reads "192.0.2.7" and "2001:db8::1" and nothing else: no leading zeros, zones, brackets or ports.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const noexcept;

  /// The one form that RFC 5952 asks for.
  [[nodiscard]] std::string to_string() const;

  bool operator==(const IpAddress&) const = default;

 private:
  friend class Cidr;

  std::array<std::uint8_t, 16> bytes_{};  // IPv4 stands in its IPv6 form
};

/// A block of addresses: "10.0.0.0/8", "2001:db8::/32", or one address. A block of IPv6 addresses holds no IPv4 one.
class Cidr {
 public:
  /// Bits behind the prefix are without meaning. nullopt for anything but an address and a length that fits it.
  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;

 private:
  Cidr(const IpAddress& network, unsigned bits) noexcept : network_(network), bits_(bits) {}

  IpAddress network_;
  unsigned bits_;  // of the IPv6 form
};

}  // namespace mcdsl::http
