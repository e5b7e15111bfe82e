#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mcdsl::web::internal {

/// Throws Exception (failed_precondition): "list.html:12: " and what is wrong there.
[[noreturn]] void refuse(std::string_view file, std::size_t line, std::string_view what);

/// A piece of a template.
struct Node {
  enum class Kind : std::uint8_t {
    text,       ///< `name` is the text itself
    value,      ///< {{path}}
    condition,  ///< {{if path}} or {{if not path}}
    loop,       ///< {{for name in path}}
    include,    ///< {{include name}}
    block,      ///< {{block name}}
    asset,      ///< {{asset name}}
  };
  Kind kind = Kind::text;
  bool negated = false;
  std::size_t line = 0;
  std::string name{};
  std::vector<std::string> path{};  ///< "row.title" is two names
  std::vector<Node> body{};
  std::vector<Node> otherwise{};  ///< what stands behind {{else}}
};

/// A template whose directives are well-formed. Whether it is HTML, nobody has looked at yet.
struct ParsedTemplate {
  std::string name;
  std::string layout{};  ///< empty where there is none
  std::size_t layout_line = 0;
  std::size_t lines = 1;
  std::vector<Node> nodes{};  ///< with a layout: blocks only
};

/// Whether a template or an asset may be called so: letters, digits, '-', '_', '.', and '/' between names of folders.
[[nodiscard]] bool is_file_name(std::string_view name) noexcept;

/// Reads the directives of a template. Throws as `refuse` does.
[[nodiscard]] ParsedTemplate parse_template(std::string_view name, std::string_view text);

}  // namespace mcdsl::web::internal
