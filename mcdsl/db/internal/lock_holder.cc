#include "mcdsl/db/internal/lock_holder.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace mcdsl::db::internal {
namespace {

// SQLite's WAL_WRITE_LOCK: byte 120 of the -shm file (sqlite.org/walformat.html §2.3.1).
constexpr long kWriteLockByte = 120;

// The byte behind the locks, which every connection holds for reading while it is open (os_unix.c: "dead man switch").
constexpr long kOpenByte = 128;

// One line of /proc/locks: "1: POSIX  ADVISORY  WRITE 4242 fe:00:131 120 120" (proc(5)).
struct Lock {
  std::string kind;
  long process = 0;
  unsigned long inode = 0;
  long first = 0;
  long last = 0;
};

Lock parse_lock(const std::string& line) {
  std::istringstream words(line);
  std::string number;
  std::string family;
  std::string advice;
  std::string file;
  std::string last;
  Lock lock;
  words >> number >> family >> advice >> lock.kind >> lock.process >> file >> lock.first >> last;
  const auto colon = file.rfind(':');
  lock.inode = colon == std::string::npos ? 0 : std::strtoul(file.c_str() + colon + 1, nullptr, 10);
  lock.last = last == "EOF" ? std::numeric_limits<long>::max() : std::strtol(last.c_str(), nullptr, 10);
  return lock;
}

std::string command_of(long process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

// The locks of other processes on a byte of a file. A process of another namespace does not show (pid_namespaces(7)).
// The file is not opened: closing it would drop our own locks (fcntl(2)).
std::vector<Lock> foreign_locks(const std::filesystem::path& path, long byte) {
  std::vector<Lock> found;
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) {
    return found;
  }
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    const Lock lock = parse_lock(line);
    if (lock.process > 0 && lock.process != ::getpid() && lock.inode == file.st_ino && lock.first <= byte &&
        lock.last >= byte) {
      found.push_back(lock);
    }
  }
  return found;
}

std::string describe(const Lock& lock) {
  const std::string command = command_of(lock.process);
  return "process " + std::to_string(lock.process) + (command.empty() ? "" : " (" + command + ")");
}

// Who holds a byte of a file alone.
std::string find_holder(const std::filesystem::path& path, long byte) {
  for (const Lock& lock : foreign_locks(path, byte)) {
    if (lock.kind == "WRITE") {
      return describe(lock);
    }
  }
  return {};
}

std::filesystem::path shm_of(const std::filesystem::path& database) {
  return database.string() + "-shm";
}

}  // namespace

std::string find_write_lock_holder(const std::filesystem::path& database) {
  return find_holder(shm_of(database), kWriteLockByte);
}

std::string find_file_lock_holder(const std::filesystem::path& file) {
  return find_holder(file, 0);
}

std::string find_user(const std::filesystem::path& database) {
  const std::vector<Lock> locks = foreign_locks(shm_of(database), kOpenByte);
  return locks.empty() ? std::string() : describe(locks.front());
}

bool is_used_by_others(const std::filesystem::path& database) {
  return !foreign_locks(shm_of(database), kOpenByte).empty();
}

}  // namespace mcdsl::db::internal
