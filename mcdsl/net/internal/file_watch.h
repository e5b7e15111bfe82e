#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::net {

/// What tells one state of a file from another without reading it, links followed.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  ///< 0: there is none
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileState&) const = default;
};

[[nodiscard]] std::vector<FileState> states_of(const std::vector<std::filesystem::path>& files);

/// Tells of changes to files, however they are made: written in place, replaced by a rename, reached by links that are
/// switched. Inotify tells of what happens in their folders; every second it looks by itself, for file systems that
/// tell nothing and for folders that are links.
///
/// Threads: `changed` is called on a thread of its own, never twice at once. Lifetime: the destructor waits for it.
class FileWatch {
 public:
  /// `changed` is called when the files are no longer as in `known`, nor as they were at its last call, and have been
  /// left alone for a moment. Throws Exception (resource_exhausted) where the system has no descriptor or thread left.
  FileWatch(std::vector<std::filesystem::path> files, std::vector<FileState> known, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void run();
  void watch_folders() noexcept;
  [[nodiscard]] bool wait_for_event() noexcept;
  [[nodiscard]] bool wait_until_left_alone(std::vector<FileState>& states) const;

  std::vector<std::filesystem::path> files_;
  std::vector<FileState> known_;
  std::function<void()> changed_;
  UniqueFd inotify_;
  std::vector<int> watches_;  // of the folders of `files_`
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace mcdsl::net
