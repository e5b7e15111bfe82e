#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mcdsl::web_embed {

/// A file that becomes part of a program.
struct EmbeddedFile {
  std::string name;
  std::string bytes;
};

/// What the generated function is called.
struct Symbol {
  std::string name_space;  ///< "notes" or "notes::web"
  std::string function;
};

/// The header that declares the function.
[[nodiscard]] std::string header_of(std::string_view kind, const Symbol& symbol);

/// The source with the bytes of templates. Throws Exception with file and line for one that cannot be taken.
[[nodiscard]] std::string templates_source(std::span<const EmbeddedFile> files, const Symbol& symbol);

/// The source with the bytes of assets, packed as well where that is shorter, and their hashes.
[[nodiscard]] std::string assets_source(std::span<const EmbeddedFile> files, const Symbol& symbol);

}  // namespace mcdsl::web_embed
