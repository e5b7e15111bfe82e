#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::http::internal {

/// `; name=value` behind a media type or a disposition (RFC 9110 §5.6.6). The name as it was written; the value without
/// its quotes.
struct Parameter {
  std::string_view name;
  std::string value;
};

/// The parameters in `text`, which starts where they do. In a quoted value a backslash quotes a quote and a backslash
/// and is itself before anything else: browsers send names of files with backslashes as they are.
/// nullopt where the text is anything else, or a name stands twice.
[[nodiscard]] std::optional<std::vector<Parameter>> parse_parameters(std::string_view text);

/// The value of one, its name compared without case; null where it is not there. Lifetime: the list's.
[[nodiscard]] const std::string* find_parameter(const std::vector<Parameter>& parameters,
                                                std::string_view name) noexcept;

}  // namespace mcdsl::http::internal
