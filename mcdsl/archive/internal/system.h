#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::archive::internal {

/// What an archive or a folder is at fault for. Thrown from deep within, and a value from `value_of` on; every other
/// Exception is the machine's fault and goes through.
class Refusal : public Exception {
 public:
  using Exception::Exception;
};

template <class Call>
auto value_of(const Call& call) -> Result<decltype(call())> {
  try {
    return call();
  } catch (const Refusal& refusal) {
    return fail(refusal.error());
  }
}

/// Throws Exception with the code that fits the errno.
[[noreturn]] void fail_system(std::string_view doing, const std::filesystem::path& path, int errno_value);

/// A path of an archive for an error or a log: whatever bytes it has.
[[nodiscard]] std::string shown(std::string_view path);

/// Opens or throws.
[[nodiscard]] UniqueFd open_folder(const std::filesystem::path& folder);

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// At most `size` bytes, fewer only at the end.
[[nodiscard]] std::size_t read_up_to(int fd, char* bytes, std::size_t size, const std::filesystem::path& path);

/// fsync of a folder.
void sync_folder(const std::filesystem::path& folder);

/// A name that does not exist becomes that of a file or folder: renameat2(RENAME_NOREPLACE), or for files link(2) on
/// file systems that lack it. Throws Exception (already_exists) where something is there.
void rename_without_replacing(const std::filesystem::path& from, const std::filesystem::path& to);

/// The folder that a path is in; "." for a bare name.
[[nodiscard]] std::filesystem::path folder_of(const std::filesystem::path& path);

/// A folder for temporary files, private (0700), locked while it is in use, and gone with all it holds on destruction.
/// What a killed process left of the same kind in `parent` goes when the next one is made there.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& parent);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// How its name begins.
  static constexpr std::string_view kPrefix = ".mcdsl-archive-";

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
};

/// A file without a name that is written to its end and then read line by line.
class Spool {
 public:
  explicit Spool(const std::filesystem::path& folder);

  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// From here on it is read, from the start.
  void rewind();
  /// The next bytes, empty at the end.
  [[nodiscard]] std::string_view next();
  /// The next line without its end; false where there is none. Throws Refusal for one above `limit`.
  [[nodiscard]] bool next_line(std::string& line, std::size_t limit);

 private:
  void flush();

  std::filesystem::path folder_;
  UniqueFd fd_;
  std::string buffer_;
  std::size_t position_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace mcdsl::archive::internal
