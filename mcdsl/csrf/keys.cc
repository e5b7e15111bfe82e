#include "mcdsl/csrf/keys.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/csrf/internal/key_text.h"

namespace mcdsl::csrf {
namespace {

using internal::KeyBytes;

constexpr std::chrono::seconds kLookInterval{1};
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

[[noreturn]] void give_up(Code code, std::string_view doing, const std::filesystem::path& path,
                          const std::string& why) {
  throw Exception(code, std::string(doing) + " the key file " + path.string() + ": " + why);
}

[[noreturn]] void give_up(std::string_view doing, const std::filesystem::path& path, int errno_value) {
  const Code code = errno_value == ENOENT || errno_value == ENOTDIR ? Code::not_found
                    : errno_value == EACCES || errno_value == EPERM ? Code::permission_denied
                                                                    : Code::internal;
  give_up(code, doing, path, errno_text(errno_value));
}

struct stat status_of(const UniqueFd& fd, const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    give_up("look at", path, errno);
  }
  return status;
}

// Of the open file, so that it cannot be exchanged between the look and the read.
void refuse_what_others_can_read(const struct stat& status, const std::filesystem::path& path) {
  if (!S_ISREG(status.st_mode)) {
    give_up(Code::failed_precondition, "read", path, "it is not a regular file");
  }
  if ((status.st_mode & kOthers) != 0) {
    std::array<char, 8> mode{};
    (void)std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777U);
    give_up(Code::failed_precondition, "read", path,
            std::string("its mode is ") + mode.data() + ", so others than its owner can get at the keys: chmod 600 " +
                path.string() + ", and make new keys where somebody may have read these");
  }
}

Secret read_all(const UniqueFd& fd, const std::filesystem::path& path) {
  std::string text;
  text.resize(internal::kMaxKeyFileBytes + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(fd.get(), text.data() + size, text.size() - size);
    if (count == 0) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      give_up("read", path, errno);
    }
    size += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  if (size > internal::kMaxKeyFileBytes) {
    give_up(Code::failed_precondition, "read", path,
            "longer than " + std::to_string(internal::kMaxKeyFileBytes) + " bytes: this is no key file");
  }
  Secret whole(text.substr(0, size));
  wipe(text);
  return whole;
}

KeyBytes read_keys(const UniqueFd& fd, const std::filesystem::path& path) {
  refuse_what_others_can_read(status_of(fd, path), path);
  auto keys = internal::parse_keys(read_all(fd, path).reveal());
  if (!keys) {
    give_up(Code::failed_precondition, "read", path,
            keys.error().message() +
                "; put the file back, or remove it to have new keys made (everybody is logged out "
                "then)");
  }
  return *std::move(keys);
}

// A whole file appears under the path, or none: a link to one that is written already. Whoever comes second loses and
// reads what the first has made.
void make_file(const std::filesystem::path& path) {
  std::string temporary = path.string() + ".new-XXXXXX";
  {
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) {
      give_up("make", path, errno);
    }
  }
  struct Remove {
    const std::string& path;
    ~Remove() { ::unlink(path.c_str()); }
  } const remove{temporary};
  const Secret text = internal::format_keys({.current = Secret(crypto::random_bytes(internal::kKeyBytes))});
  write_file_atomically(temporary, text.reveal(), S_IRUSR | S_IWUSR);
  if (::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    give_up("make", path, errno);
  }
}

UniqueFd open_file(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd && errno == ENOENT) {
    make_file(path);
    fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  }
  if (!fd) {
    give_up("open", path, errno);
  }
  return fd;
}

// The file that the path names once we hold its lock: whoever had it before may have put another in its place.
UniqueFd open_locked(const std::filesystem::path& path) {
  for (;;) {
    UniqueFd fd = open_file(path);
    while (::flock(fd.get(), LOCK_EX) != 0) {
      if (errno != EINTR) {
        give_up("lock", path, errno);
      }
    }
    struct stat named{};
    if (::stat(path.c_str(), &named) == 0 && named.st_ino == status_of(fd, path).st_ino) {
      return fd;
    }
  }
}

}  // namespace

crypto::Sha256 Key::code(std::string_view purpose, std::string_view bytes) const {
  std::string text;
  text.reserve(purpose.size() + 1 + bytes.size());
  text.append(purpose).append(1, '\0').append(bytes);
  return hmac_.code(text);
}

Secret Key::seal_key(std::string_view purpose) const {
  return Secret(std::string(crypto::as_bytes(code("seal", purpose))));
}

KeyFile::KeyFile(std::filesystem::path path, const Clock& clock) : path_(std::move(path)), clock_(clock) {
  const std::scoped_lock lock(mutex_);
  read();
}

// All zero for a file that is not there.
KeyFile::Seen KeyFile::look() const noexcept {
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) {
    return {};
  }
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {.inode = static_cast<std::int64_t>(status.st_ino),
          .modified_ns = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

// Wants the mutex held.
void KeyFile::read() const {
  const Seen seen = look();  // before: what changes meanwhile is another sight, and is read again
  const KeyBytes bytes = read_keys(open_file(path_), path_);
  auto keys = std::make_shared<Keys>(Keys{.current = Key(bytes.current)});
  if (bytes.previous) {
    keys->previous.emplace(*bytes.previous);
  }
  keys_ = std::move(keys);
  seen_ = seen;
}

std::shared_ptr<const Keys> KeyFile::keys() const {
  const std::scoped_lock lock(mutex_);
  return keys_;
}

std::shared_ptr<const Keys> KeyFile::refreshed() const {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.steady();
  if (looked_at_ && now - *looked_at_ < kLookInterval) {
    return keys_;
  }
  looked_at_ = now;
  const Seen seen = look();
  if (seen == Seen() || seen == seen_) {
    return keys_;
  }
  try {
    read();
  } catch (const Exception&) {
    // Whoever has broken the file is told at the next start; what is good in memory stays good until it changes again.
    seen_ = seen;
  }
  return keys_;
}

void KeyFile::rotate() {
  const UniqueFd locked = open_locked(path_);
  KeyBytes bytes = read_keys(locked, path_);
  bytes.previous = std::move(bytes.current);
  bytes.current = Secret(crypto::random_bytes(internal::kKeyBytes));
  write_file_atomically(path_, internal::format_keys(bytes).reveal(), S_IRUSR | S_IWUSR);
  const std::scoped_lock lock(mutex_);
  read();
}

}  // namespace mcdsl::csrf
