#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mcdsl/http/headers.h"

namespace mcdsl::http {

/// How the bytes of a representation may be packed (RFC 9110 §8.4.1, RFC 8878 §7.1).
enum class ContentCoding : std::uint8_t { gzip, zstd };

[[nodiscard]] constexpr std::string_view name(ContentCoding coding) noexcept {
  return coding == ContentCoding::gzip ? "gzip" : "zstd";
}

/// Codings that a client takes, the best first.
struct CodingList {
  std::array<ContentCoding, 2> items{};
  std::size_t count = 0;

  [[nodiscard]] bool empty() const noexcept { return count == 0; }
  [[nodiscard]] const ContentCoding* begin() const noexcept { return items.data(); }
  [[nodiscard]] const ContentCoding* end() const noexcept { return items.data() + count; }
};

/// What Accept-Encoding (RFC 9110 §12.5.3) allows and does not value below the bytes as they are; zstd first where the
/// client does not care. Nothing without the field (then anything goes, but who does not ask may not understand), and
/// nothing where it is malformed. Bytes as they are remain the answer where they are refused, too: they are better than
/// none.
[[nodiscard]] CodingList accepted_codings(const Headers& request) noexcept;

/// Says that the answer hung on this field of the request (RFC 9110 §12.5.5), where nothing says so yet.
void add_vary(Headers& response, std::string_view field);

}  // namespace mcdsl::http
