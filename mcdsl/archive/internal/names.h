#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive::internal {

inline constexpr std::string_view kManifestName = ".mcdsl-manifest";

/// A path of an archive as it may stand below a folder: without "./" in front or, of a folder, '/' at its end; empty
/// for the folder itself ("." or "./"). Throws Refusal for whatever could lead elsewhere or cannot be a name.
[[nodiscard]] std::string clean_path(std::string_view path, Type type, const Limits& limits);

/// Throws Refusal unless a symbolic link at `path` that leads to `link` stays below the folder, whatever other such
/// links are on its way: ".." may only be in front, where it counts from a real folder.
void check_link(std::string_view path, std::string_view link);

/// A set of paths. Holds 64 bits of a keyed digest for each, so that a million take 16 MiB.
class SeenPaths {
 public:
  explicit SeenPaths(bool case_twins);
  /// False where the path, or its twin, is in already.
  bool insert(std::string_view path);
  [[nodiscard]] bool contains(std::string_view path) const;

 private:
  [[nodiscard]] std::uint64_t digest_of(std::string_view path) const;
  [[nodiscard]] bool put(std::uint64_t digest);

  bool case_twins_;
  std::uint64_t key_ = 0;
  std::vector<std::uint64_t> slots_;
  std::size_t used_ = 0;
};

}  // namespace mcdsl::archive::internal
