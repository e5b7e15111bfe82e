#pragma once

#include <string>
#include <string_view>

namespace mcq {

/// Whether `highlight` knows a language by this name, as Markdown gives it behind a fence: "cpp", "py", "JSON".
[[nodiscard]] bool can_highlight(std::string_view language) noexcept;

/// Source text as HTML: escaped, its parts in `<span class="h-k">` (keywords), `h-s` (strings), `h-c` (comments), `h-n`
/// (numbers) or `h-t` (types and constants). Without the spans, which never nest, it is the text as it was; what a
/// scanner of words cannot tell is left plain. One pass, whatever the text. C++, Go, JSON, Python, shell and SQL; for
/// any other language the text is escaped and nothing else.
[[nodiscard]] std::string highlight(std::string_view text, std::string_view language);

/// Text as HTML that stands between tags or in a quoted attribute.
void append_escaped(std::string& html, std::string_view text);

}  // namespace mcq
