#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mcdsl/web/data.h"

namespace mcdsl::web::internal {

/// How a value is written where it stands.
enum class Escape : std::uint8_t {
  html,            ///< text between elements: SafeHtml goes in as it is
  text,            ///< the text of a quoted attribute, a title or a text area
  url,             ///< a whole URL in an attribute, or its beginning: http, https, mailto or relative
  local_url,       ///< the same, but only within the site
  url_part,        ///< a piece of a URL behind its scheme and host: nothing in it divides
  script_string,   ///< within quotes in a script, or in JSON
  json,            ///< a whole value as JSON, in a script
  json_attribute,  ///< the same in an attribute
};

/// Appends a text, escaped. `json` and `json_attribute` write it as a JSON string.
void append_escaped(std::string& out, std::string_view text, Escape escape);

/// Appends any value as JSON that may stand in a script: no '<', '>' or '&', and no line ends of JavaScript. Escapes it
/// for the attribute as well where asked to.
void append_json(std::string& out, const Data& data, Escape escape);

/// What stands in the place of a URL that leads elsewhere than it may: it leads nowhere.
inline constexpr std::string_view kRefusedUrl = "about:invalid";

}  // namespace mcdsl::web::internal
