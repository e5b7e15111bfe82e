#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/config/internal/document.h"
#include "mcdsl/config/internal/schema.h"

namespace mcdsl::config::internal {

/// Gives the field's variable a value of the file. What is wrong with the value otherwise, and the variable is
/// untouched.
[[nodiscard]] std::optional<std::string> assign(Field& field, const Value& value);

/// The text of an environment variable as the value of the file that it stands for; a text that cannot be one stays a
/// text, for `assign` to refuse.
[[nodiscard]] Value from_environment(const Field& field, std::string_view text);

}  // namespace mcdsl::config::internal
