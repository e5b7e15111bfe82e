#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive::internal {

/// The manifest is lines of JSON: one about the archive, one for each entry in the archive's order, one at the end.
/// They are always written the same way, so that a reader makes the line of what it found and compares the text.
/// None of these has its line's end.
[[nodiscard]] std::string head_line(const Manifest& manifest);
/// Without what a database adds, and without the last brace.
[[nodiscard]] std::string entry_line(const Entry& entry);
[[nodiscard]] std::string database_part(const DatabaseContents& contents);
/// Only counts, without the problems.
[[nodiscard]] std::string tail_line(std::uint64_t entries, std::uint64_t bytes);
[[nodiscard]] std::string problems_part(const std::vector<Problem>& problems);

/// The largest line: that of a database with very many tables.
inline constexpr std::size_t kMaxLine = std::size_t{4} << 20U;

/// Throw Refusal (data_loss) for what is none of these lines.
[[nodiscard]] Manifest parse_head(std::string_view line);
[[nodiscard]] Entry parse_entry(std::string_view line);
[[nodiscard]] std::vector<Problem> parse_problems(std::string_view line);

}  // namespace mcdsl::archive::internal
