#pragma once

#include <filesystem>

#include <sys/types.h>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::tool {

/// Tells that a file has been written, replaced or touched, whether it and its folder are there yet or not
/// (inotify(7)). Threads: one at a time.
class FileWatch {
 public:
  explicit FileWatch(std::filesystem::path file);

  /// Readable when something has happened.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

  /// Whether something has happened since the last call. To be called now and then without a cause, too: a folder that
  /// is removed tells nobody while a program from it runs.
  [[nodiscard]] bool has_changed();

 private:
  [[nodiscard]] std::filesystem::path folder() const;
  bool begin();

  std::filesystem::path file_;
  UniqueFd inotify_;
  int watch_ = -1;      // of the folder; -1 while there is none
  ::dev_t device_ = 0;  // of that folder,
  ::ino_t inode_ = 0;   // whatever is at its path now
};

}  // namespace mcdsl::tool
