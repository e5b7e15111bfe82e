#pragma once

#include <string>
#include <string_view>

namespace mcias {

/// A text as a QR code (ISO/IEC 18004) for a terminal with light letters on dark ground: two modules to a character,
/// a border of four around them. Throws Exception (invalid_argument) for a text that is too long for one.
[[nodiscard]] std::string qr_code(std::string_view text);

}  // namespace mcias
