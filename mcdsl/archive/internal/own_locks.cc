#include "mcdsl/archive/internal/own_locks.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

namespace mcdsl::archive::internal {

// "1: POSIX  ADVISORY  WRITE 4242 fe:00:131 120 120" (proc(5)). Two devices may have the same number for a file: one
// that is no database is then taken for one until SQLite says otherwise, which nobody has seen yet.
OwnLocks::OwnLocks() {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number;
    std::string family;
    std::string advice;
    std::string kind;
    long process = 0;
    std::string file;
    words >> number >> family >> advice >> kind >> process >> file;
    if (family == "POSIX" && process == ::getpid()) {
      inodes_.insert(std::strtoul(file.c_str() + file.rfind(':') + 1, nullptr, 10));
    }
  }
}

}  // namespace mcdsl::archive::internal
