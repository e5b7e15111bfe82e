#include "mcdsl/archive/internal/staging.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcdsl/archive/internal/system.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kMaxLinks = 10'000;
constexpr std::uint64_t kWorthAsking = std::uint64_t{16} << 20U;

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Staging::Staging(std::filesystem::path root, std::uint32_t mode_mask, Ownership owner)
    : root_(std::move(root)), mode_mask_(mode_mask), owner_(owner), root_fd_(open_folder(root_)) {}

void Staging::give_away(int parent, const std::string& name) const {
  if (owner_.uid && ::fchownat(parent, name.c_str(), *owner_.uid, *owner_.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    fail_system("give away an entry of", root_, errno);
  }
}

void Staging::fail_entry(const Entry& entry, int errno_value) {
  const std::string what = "entry " + shown(entry.path) + ": " + errno_text(errno_value);
  switch (errno_value) {
    case EEXIST:   // a name that the file system takes for another one
    case ENOTDIR:  // below a file or a link
    case ELOOP:
    case ENOENT:
    case ENAMETOOLONG:
    case EINVAL:
    case EILSEQ:
      throw Refusal(Code::invalid_argument, what);
    default:
      fail_system("write entry", entry.path, errno_value);
  }
}

// The folder that a path is in, made where no entry made it.
int Staging::parent_of(const std::string& path) {
  const std::size_t end = path.rfind('/');
  if (end == std::string::npos) {
    return root_fd_.get();
  }
  const std::string_view folder = std::string_view(path).substr(0, end);
  if (parent_fd_ && folder == parent_) {
    return parent_fd_.get();
  }
  UniqueFd fd;
  for (std::size_t start = 0; start < folder.size();) {
    const std::size_t slash = std::min(folder.find('/', start), folder.size());
    const std::string name(folder.substr(start, slash - start));
    const int above = fd ? fd.get() : root_fd_.get();
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd below(::openat(above, name.c_str(), kFlags));
    if (!below && errno == ENOENT && ::mkdirat(above, name.c_str(), 0700) == 0) {
      give_away(above, name);
      below.reset(::openat(above, name.c_str(), kFlags));
    }
    if (!below) {
      fail_entry({.path = path}, errno);
    }
    fd = std::move(below);
    start = slash + 1;
  }
  parent_ = folder;
  parent_fd_ = std::move(fd);
  return parent_fd_.get();
}

void Staging::folder(const Entry& entry) {
  const int parent = parent_of(entry.path);
  const std::string name = name_in(entry.path);
  // Its owner can always go in: we ourselves, until the end.
  const mode_t mode = (entry.mode & ~mode_mask_ & 0777U) | 0700U;
  if (::mkdirat(parent, name.c_str(), 0700) != 0) {
    // An entry in it may have come first, and then it is a folder.
    struct stat status{};
    const int problem = errno;
    if (problem != EEXIST || ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(status.st_mode)) {
      fail_entry(entry, problem);
    }
  }
  if (::fchmodat(parent, name.c_str(), mode, 0) != 0) {  // a folder for certain: nobody else is in here
    fail_entry(entry, errno);
  }
  give_away(parent, name);
}

void Staging::link(const Entry& entry) {
  if (links_.size() == kMaxLinks) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(entry.path) + ": too many symbolic links");
  }
  links_.push_back(entry);
}

void Staging::make_links() {
  for (const Entry& entry : links_) {
    if (::symlinkat(entry.link.c_str(), parent_of(entry.path), name_in(entry.path).c_str()) != 0) {
      fail_entry(entry, errno);
    }
    give_away(parent_of(entry.path), name_in(entry.path));
  }
}

void Staging::begin_file(const Entry& entry, std::uint64_t stored) {
  if (stored >= kWorthAsking) {
    struct statvfs disk{};
    if (::fstatvfs(root_fd_.get(), &disk) == 0 && stored / disk.f_frsize > disk.f_bavail) {
      fail_entry(entry, ENOSPC);  // said at once, and not when the disk is full for everybody
    }
  }
  file_.reset(::openat(parent_of(entry.path), name_in(entry.path).c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file_) {
    fail_entry(entry, errno);
  }
  written_ = 0;
}

void Staging::piece(std::uint64_t offset, std::string_view bytes) {
  if (offset != written_ && ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    fail_system("seek in", root_, errno);
  }
  write_all(file_.get(), bytes, root_);
  written_ = offset + bytes.size();
}

void Staging::end_file(const Entry& entry, std::int64_t mtime) {
  if (written_ < entry.size && ::ftruncate(file_.get(), static_cast<off_t>(entry.size)) != 0) {
    fail_entry(entry, errno);
  }
  const std::array<timespec, 2> times{timespec{.tv_sec = mtime, .tv_nsec = 0}, timespec{.tv_sec = mtime, .tv_nsec = 0}};
  if (owner_.uid && ::fchown(file_.get(), *owner_.uid, *owner_.gid) != 0) {
    fail_entry(entry, errno);
  }
  if (::fchmod(file_.get(), entry.mode & ~mode_mask_ & 0777U) != 0 || ::futimens(file_.get(), times.data()) != 0) {
    fail_entry(entry, errno);
  }
  file_.reset();
}

}  // namespace mcdsl::archive::internal
