#include "mcdsl/archive/restore.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/archive/internal/archive_reader.h"
#include "mcdsl/archive/internal/marker.h"
#include "mcdsl/archive/internal/system.h"
#include "mcdsl/archive/internal/unpack.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/db/file.h"

namespace mcdsl::archive {
namespace {

using internal::folder_of;
using internal::Refusal;
using internal::shown;

// Where a restore is to, and the names it uses beside it.
struct Place {
  std::filesystem::path target;

  [[nodiscard]] std::filesystem::path parent() const { return folder_of(target); }
  // What is being built is named for its own inode: ".notes.restore-4711". After the exchange, the folder of that name
  // is another one, the old; so whoever finds it later knows which it is, whenever we were killed.
  [[nodiscard]] std::string prefix() const { return "." + target.filename().string() + ".restore-"; }
  [[nodiscard]] std::filesystem::path before(const std::string& time, int number) const {
    return target.string() + ".before-" + time + (number > 1 ? "-" + std::to_string(number) : "");
  }
};

std::optional<struct stat> look_at(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    return status;
  }
  if (errno != ENOENT) {
    internal::fail_system("look at", path, errno);
  }
  return std::nullopt;
}

Place place_of(const std::filesystem::path& target) {
  std::filesystem::path path = std::filesystem::absolute(target).lexically_normal();
  if (!path.has_filename()) {
    path = path.parent_path();  // "/srv/notes/"
  }
  std::error_code problem;
  if (const auto real = std::filesystem::canonical(path, problem); !problem) {
    path = real;  // a link to the folder stays one
  }
  if (!path.has_filename() || path == path.root_path()) {
    throw Refusal(Code::invalid_argument, shown(target.native()) + " is no place for a restore");
  }
  const auto status = look_at(path);
  if (status && !S_ISDIR(status->st_mode)) {
    throw Refusal(Code::invalid_argument, shown(path.native()) + " is no folder");
  }
  return {.target = path};
}

// Puts aside what an exchange has put in our place: its backups belong to the service and not to its state, and go to
// the new folder. Where the old one then is; empty where it was discarded.
std::filesystem::path put_aside(const Place& place, const std::filesystem::path& old_one, bool discard, Report& report,
                                const Dependencies& dependencies) {
  if (look_at(old_one / kBackupFolder)) {
    try {
      internal::rename_without_replacing(old_one / kBackupFolder, place.target / kBackupFolder);
    } catch (const Exception& problem) {
      report.warnings.emplace_back("the backups stay in the old folder, which is kept: " + problem.error().to_string());
      discard = false;
    }
  }
  if (discard) {
    std::error_code problem;
    std::filesystem::remove_all(old_one, problem);
    if (!problem) {
      return {};
    }
    report.warnings.emplace_back("the old folder cannot be removed: " + problem.message());
  }
  const std::string time = internal::compact_time(dependencies.clock.now());
  for (int number = 1;; ++number) {
    const std::filesystem::path kept = place.before(time, number);
    if (!look_at(kept)) {
      internal::rename_without_replacing(old_one, kept);
      internal::sync_folder(place.parent());
      return kept;
    }
  }
}

UniqueFd lock_parent(const Place& place) {
  UniqueFd fd = internal::open_folder(place.parent());
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      internal::fail_system("lock", place.parent(), errno);
    }
  }
  return fd;
}

// What restores that were killed have left: a folder that was never exchanged goes, one that is an old folder is kept.
void clean_up(const Place& place, const Dependencies& dependencies) {
  const std::string prefix = place.prefix();
  for (const auto& entry : std::filesystem::directory_iterator(place.parent())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) {
      continue;
    }
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!fd || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fd.get(), &status) != 0) {
      continue;  // somebody is at work in it
    }
    if (name == prefix + std::to_string(status.st_ino)) {
      std::filesystem::remove_all(entry.path());
      dependencies.logger.warn("removed what a restore that was killed had unpacked", {{"folder", shown(name)}});
    } else if (name.starts_with(prefix + "new-")) {
      ::rmdir(entry.path().c_str());  // killed before it had its name: empty
    } else {
      Report report;
      const auto kept = put_aside(place, entry.path(), false, report, dependencies);
      dependencies.logger.warn("kept the old folder of a restore that was killed", {{"folder", shown(kept.native())}});
    }
  }
}

// A folder beside the target, private, locked while we are at work, and gone again unless it was exchanged.
class Beside {
 public:
  explicit Beside(const Place& place) {
    std::string name = (place.parent() / (place.prefix() + "new-XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) {
      internal::fail_system("make a folder in", place.parent(), errno);
    }
    path_ = name;
    fd_ = internal::open_folder(path_);
    struct stat status{};
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fd_.get(), &status) != 0) {
      internal::fail_system("lock", path_, errno);
    }
    const std::filesystem::path named = place.parent() / (place.prefix() + std::to_string(status.st_ino));
    internal::rename_without_replacing(path_, named);
    path_ = named;
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    if (!is_exchanged_) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  // All of it on the disk: one call for any number of files.
  void sync() const {
    if (::syncfs(fd_.get()) != 0) {
      internal::fail_system("sync", path_, errno);
    }
  }

  // Afterwards `path` is the old folder, where there was one.
  void put_at(const Place& place, bool is_there) {
    const int done = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, place.target.c_str(),
                                 is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    if (done != 0) {
      const int problem = errno;
      if (problem == EINVAL || problem == ENOSYS || problem == EBUSY || problem == EXDEV || problem == EEXIST) {
        throw Refusal(Code::failed_precondition, shown(place.target.native()) + " cannot be exchanged in one step: " +
                                                     errno_text(problem) + "; restore to another place and move it");
      }
      internal::fail_system("exchange", place.target, problem);
    }
    is_exchanged_ = true;
    internal::sync_folder(place.parent());
  }

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
  bool is_exchanged_ = false;
};

// Nobody starts the service while its folder is exchanged. Where the lock's file was not there, it is not afterwards.
class Guard {
 public:
  explicit Guard(std::filesystem::path folder) : folder_(std::move(folder)), was_there_(look_at(file()).has_value()) {
    auto lock = FolderLock::acquire(folder_);
    if (!lock) {
      throw Refusal(lock.error().wrap("the service is running"));
    }
    lock_.emplace(*std::move(lock));
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (!was_there_) {
      ::unlink(file().c_str());  // while it is held: whoever waits for it looks again
    }
  }
  void moved_to(std::filesystem::path folder) { folder_ = std::move(folder); }

 private:
  [[nodiscard]] std::filesystem::path file() const { return folder_ / FolderLock::kFileName; }

  std::filesystem::path folder_;
  bool was_there_;
  std::optional<FolderLock> lock_;
};

// A service of another make has no FolderLock; its databases are open all the same.
void refuse_open_databases(const std::filesystem::path& folder) {
  for (auto walk = std::filesystem::recursive_directory_iterator(folder);
       walk != std::filesystem::recursive_directory_iterator(); ++walk) {
    const std::string path = walk->path().string();
    if (!path.ends_with("-shm")) {
      continue;
    }
    const std::filesystem::path database(internal::database_of_side_file(path));
    if (const std::string user = db::find_user(database); !user.empty()) {
      throw Refusal(Code::failed_precondition,
                    "the service is running: " + shown(database.native()) + " is open in " + user);
    }
  }
}

// The rights of the folder that it replaces, and its owner for everything in it.
internal::Ownership ownership_of(const struct stat& old_one) {
  const bool may_give_away = ::geteuid() == 0 && (old_one.st_uid != 0 || old_one.st_gid != 0);
  return may_give_away ? internal::Ownership{.uid = old_one.st_uid, .gid = old_one.st_gid} : internal::Ownership{};
}

Restored do_restore(const std::filesystem::path& archive, const Place& place, const RestoreOptions& options,
                    const Dependencies& dependencies) {
  const std::optional<struct stat> old_one = look_at(place.target);
  std::optional<Guard> guard;
  if (old_one) {
    guard.emplace(place.target);
    refuse_open_databases(place.target);
  }
  std::optional<Beside> beside;
  {
    const UniqueFd parent = lock_parent(place);
    clean_up(place, dependencies);
    beside.emplace(place);
  }
  const internal::Ownership owner = old_one ? ownership_of(*old_one) : internal::Ownership{};
  Restored restored{.report = internal::unpack({.archive = archive,
                                                .scratch = beside->path(),
                                                .limits = options.limits,
                                                .links = options.links,
                                                .on_progress = options.on_progress},
                                               beside->path(), true, options.mode_mask, owner),
                    .old_folder = {}};
  if (old_one && ((owner.uid && ::fchown(beside->fd(), *owner.uid, *owner.gid) != 0) ||
                  ::fchmod(beside->fd(), old_one->st_mode & 07777U) != 0)) {
    internal::fail_system("give the rights of the old folder to", beside->path(), errno);
  }
  beside->sync();
  beside->put_at(place, old_one.has_value());
  if (old_one) {
    guard->moved_to(beside->path());
    restored.old_folder = put_aside(place, beside->path(), options.discard_old, restored.report, dependencies);
    guard->moved_to(restored.old_folder.empty() ? beside->path() : restored.old_folder);
  }
  return restored;
}

}  // namespace

Result<Restored> restore(const std::filesystem::path& archive, const std::filesystem::path& target,
                         const RestoreOptions& options, const Dependencies& dependencies) {
  return internal::value_of([&] {
    const Place place = place_of(target);
    Restored restored = do_restore(archive, place, options, dependencies);
    for (const std::string& warning : restored.report.warnings) {
      dependencies.logger.warn("archive restored", {{"archive", shown(archive.native())}, {"warning", warning}});
    }
    dependencies.logger.info("archive restored", {{"archive", shown(archive.native())},
                                                  {"folder", shown(place.target.native())},
                                                  {"entries", restored.report.entries},
                                                  {"bytes", restored.report.bytes},
                                                  {"old_folder", shown(restored.old_folder.native())}});
    return restored;
  });
}

}  // namespace mcdsl::archive
