#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl {

/// Says that a program is at work in a folder, a service's data folder above all: a restore that would put another
/// folder in its place is refused meanwhile. It ends with the object or the process, however that ends.
///
///     const FolderLock lock = value_or_throw(FolderLock::acquire("/srv/notes", FolderLock::Use::shared));
///
/// It is a lock (flock(2)) on the file `.mcdsl-lock` in the folder, which holds the process number, stays there, and
/// means nothing without the lock. Another folder that is put at the same path has a lock of its own.
class FolderLock {
 public:
  static constexpr std::string_view kFileName = ".mcdsl-lock";

  enum class Use : std::uint8_t {
    shared,     ///< beside others who work in the folder: instances of a service
    exclusive,  ///< alone: who exchanges it
  };

  /// Never waits. Errors: failed_precondition, naming the process, where the folder is taken, by this process too;
  /// not_found where there is no folder. Throws Exception where the file cannot be made (permission_denied,
  /// resource_exhausted).
  [[nodiscard]] static Result<FolderLock> acquire(const std::filesystem::path& folder, Use use = Use::exclusive);

 private:
  explicit FolderLock(UniqueFd fd) noexcept : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace mcdsl
