#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::csrf::internal {

/// What a key file says.
struct KeyBytes {
  Secret current;
  std::optional<Secret> previous = std::nullopt;
};

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kMaxKeyFileBytes = 4096;

/// "mcdsl keys 1", then "current " and 64 hexadecimal digits, then perhaps "previous " and the same; a line each.
[[nodiscard]] Secret format_keys(const KeyBytes& keys);

/// Errors: invalid_argument, naming the line; it quotes none of the text.
[[nodiscard]] Result<KeyBytes> parse_keys(std::string_view text);

}  // namespace mcdsl::csrf::internal
