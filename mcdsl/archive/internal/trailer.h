#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mcdsl::archive::internal {

// A zstd frame that every decoder skips (RFC 8878 §3.1.2), at the very end of an archive: SHA-256 of all bytes before
// it. zstd's own checksum covers what comes out; there are bits in a frame that change nothing that comes out.
inline constexpr std::uint32_t kTrailerMagic = 0x184D2A5D;
inline constexpr std::string_view kTrailerName = "MCDSLSHA";
inline constexpr std::size_t kTrailerPayload = kTrailerName.size() + 32;

// RFC 8878 is little-endian throughout.
[[nodiscard]] inline std::uint32_t little_endian(std::string_view four) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(four[i])} << (8 * i);
  }
  return value;
}
inline void append_little_endian(std::string& out, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFFU);
  }
}

}  // namespace mcdsl::archive::internal
