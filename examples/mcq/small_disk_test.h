#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <sys/mount.h>

namespace mcq {

/// A disk that is soon full, mounted on a folder while this lives. Mounting needs privilege.
class SmallDisk {
 public:
  /// `size` as mount takes it: "2m".
  SmallDisk(std::filesystem::path folder, const std::string& size)
      : folder_(std::move(folder)),
        is_mounted_(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0) {}
  ~SmallDisk() {
    if (is_mounted_) {
      ::umount2(folder_.c_str(), MNT_DETACH);  // a failed test may still have a file open on it
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_mounted() const noexcept { return is_mounted_; }

 private:
  std::filesystem::path folder_;
  bool is_mounted_;
};

}  // namespace mcq
