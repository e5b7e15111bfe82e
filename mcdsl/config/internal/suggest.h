#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mcdsl::config::internal {

/// The candidate that `name` was most likely meant to be, by edit distance and whatever the case of the letters; empty
/// where none is close.
[[nodiscard]] std::string closest(std::string_view name, std::span<const std::string> candidates);

}  // namespace mcdsl::config::internal
