#include "mcdsl/archive/internal/system.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10U;

bool try_lock(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void remove_abandoned(const std::filesystem::path& parent) {
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(parent, problem)) {
    if (!entry.path().filename().string().starts_with(Scratch::kPrefix)) {
      continue;
    }
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd && try_lock(fd.get())) {
      std::filesystem::remove_all(entry.path(), problem);
    }
  }
}

}  // namespace

void fail_system(std::string_view doing, const std::filesystem::path& path, int errno_value) {
  throw Exception(code_of_errno(errno_value),
                  std::string(doing) + " " + shown(path.native()) + ": " + errno_text(errno_value));
}

std::string shown(std::string_view path) {
  return is_valid_utf8(path) && plain_run(path) == path.size() ? std::string(path.substr(0, 200)) : printable(path);
}

UniqueFd open_folder(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_system("open the folder", folder, errno);
  }
  return fd;
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail_system("write", path, errno);
    }
  }
}

std::size_t read_up_to(int fd, char* bytes, std::size_t size, const std::filesystem::path& path) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(fd, bytes + filled, size - filled);
    if (count == 0) {
      break;
    }
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      fail_system("read", path, errno);
    }
  }
  return filled;
}

void sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd = open_folder(folder);
  if (::fsync(fd.get()) != 0) {
    fail_system("fsync", folder, errno);
  }
}

void rename_without_replacing(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    fail_system("rename to", to, errno);
  }
  if (::link(from.c_str(), to.c_str()) != 0) {
    fail_system("rename to", to, errno);
  }
  ::unlink(from.c_str());
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Scratch::Scratch(const std::filesystem::path& parent) {
  // While the parent is locked nobody takes the new folder for an abandoned one.
  const UniqueFd parent_fd = open_folder(parent);
  while (::flock(parent_fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      fail_system("lock", parent, errno);
    }
  }
  remove_abandoned(parent);
  std::string name = (std::filesystem::absolute(parent) / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    fail_system("make a folder in", parent, errno);
  }
  path_ = name;
  fd_.reset(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_ || !try_lock(fd_.get())) {
    const int problem = errno;
    ::rmdir(name.c_str());
    fail_system("lock", path_, problem);
  }
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Spool::Spool(const std::filesystem::path& folder) : folder_(folder) {
  std::string name = (folder / "spool-XXXXXX").string();
  fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) {
    fail_system("create a file in", folder, errno);
  }
  ::unlink(name.c_str());
}

void Spool::append(std::string_view bytes) {
  buffer_ += bytes;
  size_ += bytes.size();
  if (buffer_.size() >= kBuffer) {
    flush();
  }
}

void Spool::flush() {
  write_all(fd_.get(), buffer_, folder_);
  buffer_.clear();
}

void Spool::rewind() {
  flush();
  if (::lseek(fd_.get(), 0, SEEK_SET) != 0) {
    fail_system("read again in", folder_, errno);
  }
  position_ = 0;
}

std::string_view Spool::next() {
  if (position_ == buffer_.size()) {
    buffer_.resize(kBuffer);
    buffer_.resize(read_up_to(fd_.get(), buffer_.data(), buffer_.size(), folder_));
    position_ = 0;
  }
  const std::string_view rest = std::string_view(buffer_).substr(position_);
  position_ = buffer_.size();
  return rest;
}

bool Spool::next_line(std::string& line, std::size_t limit) {
  line.clear();
  for (;;) {
    const std::string_view bytes = next();
    if (bytes.empty()) {
      return false;
    }
    const std::size_t end = bytes.find('\n');
    line += bytes.substr(0, end);
    if (line.size() > limit) {
      throw Refusal(Code::resource_exhausted, "the manifest has a line that is too long");
    }
    if (end != std::string_view::npos) {
      position_ -= bytes.size() - end - 1;
      return true;
    }
  }
}

}  // namespace mcdsl::archive::internal
