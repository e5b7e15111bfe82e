#include "mcdsl/base/folder_lock.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"

namespace mcdsl {
namespace {

[[noreturn]] void fail_system(const std::string& doing, const std::filesystem::path& path, int errno_value) {
  throw Exception(code_of_errno(errno_value), doing + " " + path.string() + ": " + errno_text(errno_value));
}

// "process 123", or less where the holder has not written its number yet.
std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  std::string number = printable(std::string_view(text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))));
  number.resize(std::min(number.find_first_not_of("0123456789"), number.size()));
  return number.empty() ? "another process" : "process " + number;
}

}  // namespace

Result<FolderLock> FolderLock::acquire(const std::filesystem::path& folder, Use use) {
  const std::filesystem::path path = folder / kFileName;
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return fail(Code::not_found, "there is no folder " + folder.string());
      }
      fail_system("open", path, errno);
    }
    if (::flock(fd.get(), (use == Use::shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) {
        return fail(Code::failed_precondition, folder.string() + " is in use by " + holder(fd.get()));
      }
      if (errno == EINTR) {
        continue;
      }
      fail_system("lock", path, errno);
    }
    // Between the two calls another folder, or another file, may have come to this path.
    struct stat mine{};
    struct stat there{};
    if (::fstat(fd.get(), &mine) != 0 || ::stat(path.c_str(), &there) != 0 || mine.st_ino != there.st_ino ||
        mine.st_dev != there.st_dev) {
      continue;
    }
    // Only for whoever asks who it is: a full disk is no reason not to start.
    const std::string number = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd.get(), 0) == 0) {
      (void)!::pwrite(fd.get(), number.data(), number.size(), 0);
    }
    return FolderLock(std::move(fd));
  }
}

}  // namespace mcdsl
