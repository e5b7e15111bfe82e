#include "attachment_folder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"

namespace mcq {
namespace {

using mcdsl::Code;
using mcdsl::Exception;
using mcdsl::UniqueFd;

constexpr std::size_t kNameSize = 36;  // of a UUID

[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path, int errno_value) {
  const bool is_full = errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
  mcdsl::Error error(is_full ? Code::unavailable : Code::internal,
                     std::string(doing) + " " + path.string() + ": " + mcdsl::errno_text(errno_value));
  throw Exception(is_full ? std::move(error).with_public_text("no room left for attachments") : error);
}

UniqueFd open_folder(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    fail("create", path, errno);
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // What was there before may have been made with another mode.
  if (!fd || ::fchmod(fd.get(), S_IRWXU) != 0) {
    fail("open", path, errno);
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      fail("lock", path, errno);
    }
    throw Exception(Code::failed_precondition, "lock " + path.string() + ": another process uses this folder");
  }
  return fd;
}

bool is_ours(std::string_view name) {
  return name.size() == kNameSize &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; });
}

}  // namespace

NewFile::NewFile(const AttachmentFolder& folder, std::string name, UniqueFd fd) noexcept
    : folder_(&folder), name_(std::move(name)), fd_(std::move(fd)) {}

NewFile::~NewFile() {
  if (fd_) {
    // Where even this fails, the file waits for the sweep of the next start.
    ::unlinkat(folder_->fd_.get(), name_.c_str(), 0);
  }
}

void NewFile::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      fail("write", folder_->path() / name_, errno);
    }
  }
}

void NewFile::sync() const {
  mcdsl::about_to_block();
  if (::fsync(fd_.get()) != 0 || ::fsync(folder_->fd_.get()) != 0) {
    fail("fsync", folder_->path() / name_, errno);
  }
}

AttachmentFolder::AttachmentFolder(std::filesystem::path path) : path_(std::move(path)), fd_(open_folder(path_)) {}

NewFile AttachmentFolder::create() const {
  std::string name = mcdsl::crypto::random_uuid();
  UniqueFd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) {
    fail("create", path_ / name, errno);
  }
  return {*this, std::move(name), std::move(fd)};
}

UniqueFd AttachmentFolder::open(const std::string& name) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno != ENOENT) {
    fail("open", path_ / name, errno);
  }
  return fd;
}

void AttachmentFolder::remove(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    fail("remove", path_ / name, errno);
  }
}

void AttachmentFolder::for_each(mcdsl::FunctionRef<void(const std::string&)> take) const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (const std::string name = entry.path().filename(); is_ours(name)) {
      take(name);
    }
  }
}

}  // namespace mcq
