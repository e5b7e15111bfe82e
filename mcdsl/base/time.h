#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"

namespace mcdsl {

/// A duration in Go's syntax (the platform's config files use it): a sequence of decimal numbers, each with a unit of
/// `ns`, `us`, `µs`, `ms`, `s`, `m`, `h`, optionally signed: "30s", "1h30m", "1.5h", "0". Range: about ±292 years.
/// Errors: invalid_argument, saying what is wrong with the text.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// The shortest text that `parse_duration` reads back to the same value, as Go prints it: "1h30m0s", "1.5ms", "0s".
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

/// RFC 3339 in UTC with `Z`, to the second or (where the time has a fraction) the millisecond: "2026-01-31T12:00:00Z".
[[nodiscard]] std::string format_rfc3339(std::chrono::system_clock::time_point time);

/// Reads RFC 3339 §5.6 `date-time` with any offset and up to nine fractional digits (kept to the clock's precision).
/// A leap second reads as the second before it. Errors: invalid_argument. Years 1678 to 2261.
[[nodiscard]] Result<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

}  // namespace mcdsl
