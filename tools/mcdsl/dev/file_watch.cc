#include "tools/mcdsl/dev/file_watch.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcdsl::tool {
namespace {

// A linker writes into the file that is there or makes a new one, and some set its mode at the end (IN_ATTRIB).
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch(std::filesystem::path file)
    : file_(std::move(file)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!inotify_) {
    throw Exception(Code::resource_exhausted, "watch " + file_.string() + ": " + errno_text(errno));
  }
  begin();
}

std::filesystem::path FileWatch::folder() const {
  return file_.has_parent_path() ? file_.parent_path() : ".";
}

bool FileWatch::begin() {
  struct stat status{};
  watch_ = ::inotify_add_watch(inotify_.get(), folder().c_str(), kEvents);
  if (watch_ < 0 || ::stat(folder().c_str(), &status) != 0) {
    return false;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return true;
}

bool FileWatch::has_changed() {
  bool has_changed = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const std::string_view name = event.len > 0 ? buffer.data() + at + sizeof event : "";
      at += sizeof event + event.len;
      has_changed = has_changed || name == file_.filename().native() || (event.mask & IN_Q_OVERFLOW) != 0;
    }
  }
  struct stat status{};
  const bool is_there = ::stat(folder().c_str(), &status) == 0;
  if (watch_ >= 0 && is_there && status.st_dev == device_ && status.st_ino == inode_) {
    return has_changed;
  }
  if (watch_ >= 0) {
    ::inotify_rm_watch(inotify_.get(), watch_);
    watch_ = -1;
  }
  return is_there && begin();  // whatever happened in it before, nobody has seen it
}

}  // namespace mcdsl::tool
