#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"

namespace mcdsl::http {

/// A time as fields such as Last-Modified hold it (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". Years 0 to 9999.
[[nodiscard]] std::string format_date(std::chrono::sys_seconds time);

/// Reads that form and the two obsolete ones that a recipient must know: "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov
/// 6 08:49:37 1994". A year of two digits is the last such one that is not more than 50 years after `now`. nullopt for
/// anything else. Which day of the week it claims to be is not compared with the date.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_date(std::string_view text, Clock::WallTime now);

}  // namespace mcdsl::http
