#pragma once

#include <set>

#include <sys/stat.h>

namespace mcdsl::archive::internal {

/// The files on which this process holds locks (fcntl(2)), as SQLite does on each database that it has open. To open
/// and close such a file by oneself would end the locks of the whole process. Reads /proc/locks once; where that tells
/// nothing, there are none.
class OwnLocks {
 public:
  OwnLocks();
  [[nodiscard]] bool contains(const struct stat& status) const { return inodes_.contains(status.st_ino); }

 private:
  std::set<ino_t> inodes_;
};

}  // namespace mcdsl::archive::internal
