#pragma once

#include <span>
#include <string_view>

namespace mcdsl::tool {

/// A file of the service `my-notes` below scaffold/, which the build puts into the program.
struct ScaffoldFile {
  std::string_view path;  ///< "src/main.cc"
  std::string_view when;  ///< "grpc", "not grpc"; empty for always
  bool is_executable;
  std::string_view text;
};

[[nodiscard]] std::span<const ScaffoldFile> scaffold_files() noexcept;

}  // namespace mcdsl::tool
