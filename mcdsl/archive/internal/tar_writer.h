#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"

namespace mcdsl::archive::internal {

/// A part of a file that is not a hole.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

inline constexpr std::size_t kBlock = 512;
inline constexpr std::size_t kMaxExtents = 4096;

/// Writes tar (POSIX.1-2017 pax, ustar where it will do). Owners are left out.
class TarWriter {
 public:
  explicit TarWriter(std::function<void(std::string_view)> out) : out_(std::move(out)) {}

  void folder(const Entry& entry, std::int64_t mtime);
  void link(const Entry& entry, std::int64_t mtime);
  /// `entry.size` bytes of `data` follow, and `end_file`.
  void begin_file(const Entry& entry, std::int64_t mtime);
  /// The data of the extents follows: GNU's sparse format 1.0, which tar and libarchive read. What is not in an extent
  /// is zeros.
  void begin_sparse_file(const Entry& entry, std::int64_t mtime, const std::vector<Extent>& extents);
  void data(std::string_view bytes);
  void end_file();
  void finish();

 private:
  struct Head {
    char type;
    std::string_view path;
    std::string_view link;
    std::uint64_t size;
    std::uint32_t mode;
    std::int64_t mtime;
  };
  void header(const Head& head, std::string records);
  void pad();

  std::function<void(std::string_view)> out_;
  std::uint64_t in_block_ = 0;  // bytes of data in the last block
};

}  // namespace mcdsl::archive::internal
