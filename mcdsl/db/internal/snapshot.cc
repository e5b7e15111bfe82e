#include "mcdsl/db/internal/snapshot.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db::internal {
namespace {

Code code_of(int errno_value) {
  switch (errno_value) {
    case EEXIST:
      return Code::already_exists;
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission_denied;
    case ENOSPC:
    case EDQUOT:
      return Code::resource_exhausted;
    default:
      return Code::internal;
  }
}

[[noreturn]] void fail_system(const std::string& doing, const std::filesystem::path& path, int errno_value) {
  throw Exception(code_of(errno_value), "snapshot: " + doing + " " + path.string() + ": " + errno_text(errno_value));
}

constexpr std::string_view kTemporary = ".mcdsl-snapshot-";
// What SQLite may add to a file's name.
constexpr auto kSideFiles = std::to_array<std::string_view>({"-journal", "-wal", "-shm"});

void lock(const UniqueFd& fd, const std::filesystem::path& path) {
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      fail_system("lock", path, errno);
    }
  }
}

// The file itself goes last: whoever is killed in between leaves what the next snapshot finds and removes.
void remove_temporary(const std::string& name) {
  for (const std::string_view suffix : kSideFiles) {
    ::unlink((name + std::string(suffix)).c_str());
  }
  ::unlink(name.c_str());
}

bool is_temporary(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(kTemporary) &&
         std::ranges::none_of(kSideFiles, [&](std::string_view suffix) { return name.ends_with(suffix); });
}

// What a killed process left: whoever is still at work on a file holds a lock on it.
void remove_abandoned(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!is_temporary(entry.path())) {
      continue;
    }
    const UniqueFd fd(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      remove_temporary(entry.path().string());
    }
  }
}

// An empty file of mode 0600 in the target's folder, gone again unless it was renamed. SQLite writes into a file that
// is empty, so nobody else ever sees the copy with other rights.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& folder)
      : name_((folder / (std::string(kTemporary) + "XXXXXX")).string()) {
    // While the folder is locked nobody takes the new file for an abandoned one.
    const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder_fd) {
      fail_system("open", folder, errno);
    }
    lock(folder_fd, folder);
    remove_abandoned(folder);
    fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));
    if (!fd_) {
      fail_system("create a file in", folder, errno);
    }
    lock(fd_, name_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) {
      remove_temporary(name_);
    }
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  void rename_to(const std::filesystem::path& target) {
    // Unlike rename(2) this never replaces what is there, a link included.
    if (::renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
      fail_system("put the copy at", target, errno);
    }
    renamed_ = true;
  }

 private:
  std::string name_;
  UniqueFd fd_;  // open for its lock
  bool renamed_ = false;
};

void sync(const std::filesystem::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) {
    fail_system("fsync", path, errno);
  }
}

void copy_into(const config::Database& settings, const std::string& file) {
  // VACUUM reads the database as it is at one moment, on a connection of its own: writers go on.
  Connection source(settings, Connection::Role::copier);
  source.vacuum_into(file);
}

void check_copy(const config::Database& settings, const std::string& file) {
  config::Database copy = settings;
  copy.path = file;
  Connection connection(copy, Connection::Role::checker);
  const auto verdict = ReadTransaction(connection).query_one<std::string>("PRAGMA quick_check(1)");
  if (verdict != "ok") {
    throw Exception(Code::data_loss, "snapshot: the copy of " + settings.path.string() +
                                         " is damaged: " + verdict.value_or("no answer"));
  }
}

}  // namespace

void take_snapshot(const config::Database& settings, const std::filesystem::path& target) {
  struct stat status{};
  if (::lstat(target.c_str(), &status) == 0) {
    fail_system("refusing to write over", target, EEXIST);
  }
  const std::filesystem::path absolute = std::filesystem::absolute(target);
  TemporaryFile file(absolute.parent_path());
  copy_into(settings, file.name());
  check_copy(settings, file.name());
  sync(file.name(), O_RDONLY);
  file.rename_to(absolute);
  sync(absolute.parent_path(), O_RDONLY | O_DIRECTORY);
}

void with_copy(const config::Database& settings, const std::filesystem::path& folder,
               const std::function<void(const std::filesystem::path&)>& use) {
  const TemporaryFile file(folder);
  copy_into(settings, file.name());
  check_copy(settings, file.name());
  use(file.name());
}

}  // namespace mcdsl::db::internal
