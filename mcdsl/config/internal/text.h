#pragma once

#include <string>
#include <string_view>

#include "mcdsl/config/internal/document.h"
#include "mcdsl/config/internal/schema.h"

/// Fields and values as words: for findings and for what is generated.
namespace mcdsl::config::internal {

/// A TOML basic string with its quotes.
[[nodiscard]] std::string toml_string(std::string_view text);

/// A JSON-like number that TOML reads as a float.
[[nodiscard]] std::string toml_real(double number);

/// The field's present value in TOML's syntax. A secret's is never shown: `""`, or `"********"` where it is set.
[[nodiscard]] std::string toml_value(const Field& field);

/// "an integer from 1 to 100", "one of on, off, proxy".
[[nodiscard]] std::string type_of(const Field& field);

/// What stands in the place of a value, quoted and cut: `the text "abc"`, "an array". Only its type for a secret.
[[nodiscard]] std::string found(const Value& value, const Field& field);

/// Whether there is such a thing as an empty value of the field's type.
[[nodiscard]] bool can_be_empty(const Field& field);
[[nodiscard]] bool is_empty(const Field& field);

/// Whether the field is required and its default will not do.
[[nodiscard]] bool must_be_set(const Field& field);

}  // namespace mcdsl::config::internal
