#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// TOML 1.0 as a plain tree. What toml++ needs to be safe with any input is behind `parse_document`; see
/// docs/adr/0003-toml-parser.md.
namespace mcdsl::config::internal {

struct Position {
  std::uint32_t line = 0;    ///< from 1
  std::uint32_t column = 0;  ///< from 1, in characters; 0 where it is not known
};

enum class Kind : std::uint8_t { boolean, integer, real, text, date, array, table };

/// The field that `kind` names holds the value; a date's is not kept, since nothing is configured by one.
struct Value {
  std::string key = {};  ///< where it is in a table
  Position key_at = {};
  Kind kind = Kind::table;
  Position at = {};
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text = {};
  std::vector<Value> elements = {};  ///< of an array, and of a table
};

struct SyntaxError {
  Position at;
  std::string message;
};

/// The root table of a document. Values nest at most 32 deep and a dotted key has at most 32 parts, so a walk over the
/// tree may recurse. No input ends the process, and no message quotes a value.
[[nodiscard]] std::expected<Value, SyntaxError> parse_document(std::string_view text);

}  // namespace mcdsl::config::internal
