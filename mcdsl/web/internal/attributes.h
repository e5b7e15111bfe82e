#pragma once

#include <cstdint>
#include <string_view>

namespace mcdsl::web::internal {

/// What a value in an attribute would mean to the browser.
enum class AttributeKind : std::uint8_t {
  text,          ///< nothing but text
  url,           ///< a link to anywhere
  local_url,     ///< where forms and htmx send to, credentials and all: within the site
  json,          ///< htmx reads it as JSON
  code,          ///< script, or a style sheet: no value
  code_url,      ///< what is there is run, or applied to the page: no value
  several_urls,  ///< a list of URLs: no value
  html,          ///< markup within the attribute: no value
  decides,       ///< what other parts of the element mean: no value
  unknown,       ///< not in the lists here: no value
};

/// The kind of an attribute; both names in lower case.
[[nodiscard]] AttributeKind attribute_kind(std::string_view element, std::string_view attribute) noexcept;

/// Why no value may stand in an attribute of this kind; empty where one may.
[[nodiscard]] std::string_view why_no_value(AttributeKind kind) noexcept;

/// Elements that end `<svg>` and `<math>` without their end tag (HTML §13.2.6.5), and those whose text a browser reads
/// in another way there.
[[nodiscard]] bool is_refused_in_foreign(std::string_view element) noexcept;

/// Elements whose text is read as text up to the end tag (HTML §13.2.6.2), without scripts, titles and text areas.
[[nodiscard]] bool is_raw_text(std::string_view element) noexcept;

/// Whether a script of this type (without parameters, in lower case) is run, or else is data in JSON.
enum class ScriptKind : std::uint8_t { code, json, unknown };
[[nodiscard]] ScriptKind script_kind(std::string_view type) noexcept;

}  // namespace mcdsl::web::internal
