#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "mcdsl/config/internal/document.h"

namespace mcdsl::config::internal {

inline constexpr std::size_t kMaxKeyParts = 32;

/// Where a dotted key goes past `kMaxKeyParts`, if one does. The parser makes a table for each part and destroys them
/// by recursion: 100,000 parts overflow the stack. Strings and comments are skipped as TOML 1.0 reads them; a document
/// that is malformed before that place is the parser's to refuse.
[[nodiscard]] std::optional<Position> find_too_deep_key(std::string_view text);

}  // namespace mcdsl::config::internal
