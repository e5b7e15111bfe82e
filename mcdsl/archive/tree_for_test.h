#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include <sys/stat.h>

namespace mcdsl::archive::testing {

/// What is below a folder: type and mode, and the bytes of a file or where a link leads.
using Tree = std::map<std::string, std::tuple<std::uint32_t, std::string>>;

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(std::filesystem::file_size(file), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

inline Tree tree_of(const std::filesystem::path& folder) {
  Tree tree;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat status{};
    ::lstat(entry.path().c_str(), &status);
    std::string bytes;
    if (S_ISREG(status.st_mode)) {
      bytes = bytes_of(entry.path());
    } else if (S_ISLNK(status.st_mode)) {
      bytes = std::filesystem::read_symlink(entry.path()).string();
    }
    tree[entry.path().lexically_relative(folder).string()] = {status.st_mode, bytes};
  }
  return tree;
}

inline std::filesystem::path put(const std::filesystem::path& file, std::string_view bytes, ::mode_t mode = 0600) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
  ::chmod(file.c_str(), mode);
  return file;
}

/// Bytes that do not compress, the same for the same seed.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  for (char& c : bytes) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(seed >> 56U);
  }
  return bytes;
}

}  // namespace mcdsl::archive::testing
