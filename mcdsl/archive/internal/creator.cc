#include "mcdsl/archive/internal/creator.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include "mcdsl/archive/internal/archive_reader.h"
#include "mcdsl/archive/internal/manifest.h"
#include "mcdsl/base/folder_lock.h"
#include "mcdsl/crypto/digest.h"

namespace mcdsl::archive::internal {
namespace {

constexpr std::size_t kSmall = std::size_t{1} << 20U;  // such a file is read as a whole, again where it changed
constexpr int kTries = 3;
constexpr std::uint64_t kFreeOfRatio = std::uint64_t{256} << 20U;  // as a reader has it
constexpr std::uint64_t kBytesPerCall = std::uint64_t{1} << 20U;
constexpr std::uint64_t kEntriesPerCall = 1000;

// Files first, so that the copy of a database, which mostly lies at the top, is made while all else is packed.
std::vector<std::string> names_in(int fd, const std::filesystem::path& path) {
  const int again = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  DIR* const listing = again < 0 ? nullptr : ::fdopendir(again);
  if (listing == nullptr) {
    const int problem = errno;
    const UniqueFd closed(again);
    fail_system("list", path, problem);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> owner(listing, ::closedir);
  std::vector<std::string> names;
  std::vector<std::string> folders;
  errno = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): each thread has a listing of its own
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name(&entry->d_name[0]);
    if (name != "." && name != "..") {
      (entry->d_type == DT_DIR ? folders : names).emplace_back(name);
    }
  }
  if (errno != 0) {
    fail_system("list", path, errno);
  }
  std::ranges::sort(names);
  std::ranges::sort(folders);
  std::ranges::move(folders, std::back_inserter(names));
  return names;
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

struct stat status_of(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    fail_system("look at", path, errno);
  }
  return status;
}

bool has_magic(int fd) {
  std::array<char, kDatabaseMagic.size()> head{};
  return ::pread(fd, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()) &&
         std::string_view(head.data(), head.size()) == kDatabaseMagic;
}

// The parts of a file that are no holes. One part, the whole file, where the file system cannot tell.
std::vector<Extent> extents_of(int fd, const struct stat& status) {
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (static_cast<std::uint64_t>(status.st_blocks) * 512 >= size) {
    return {{.offset = 0, .size = size}};
  }
  std::vector<Extent> extents;
  for (off_t position = 0; position < status.st_size;) {
    const off_t data = ::lseek(fd, position, SEEK_DATA);
    if (data < 0 && errno == ENXIO) {  // only a hole is left
      break;
    }
    const off_t hole = data < 0 || extents.size() + 1 == kMaxExtents ? status.st_size : ::lseek(fd, data, SEEK_HOLE);
    if (data < 0 || hole < 0) {
      return {{.offset = 0, .size = size}};
    }
    const off_t end = std::min(hole, status.st_size);
    if (data < end) {
      extents.push_back({.offset = static_cast<std::uint64_t>(data), .size = static_cast<std::uint64_t>(end - data)});
    }
    position = end;
  }
  if (extents.empty() || extents.back().offset + extents.back().size < size) {
    extents.push_back({.offset = size, .size = 0});  // GNU tar wants to see the end
  }
  return extents;
}

std::uint64_t size_of_all(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  std::error_code problem;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk walk(folder, std::filesystem::directory_options::skip_permission_denied, problem);
       !problem && walk != Walk(); walk.increment(problem)) {
    if (walk.depth() == 0 && walk->path().filename() == kBackupFolder) {
      walk.disable_recursion_pending();
    } else if (std::error_code none; walk->is_regular_file(none) && !walk->is_symlink(none)) {
      const std::uintmax_t size = walk->file_size(none);
      sum += none ? 0 : size;
    }
  }
  return sum;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

const char* kind_of(mode_t mode) {
  return S_ISSOCK(mode) ? "a socket" : S_ISFIFO(mode) ? "a FIFO" : "a device";
}

}  // namespace

Creator::Creator(const std::filesystem::path& folder, ZstdWriter& out, const Scratch& scratch,
                 const CreateOptions& options, const Dependencies& dependencies)
    : folder_(folder),
      out_(out),
      options_(options),
      dependencies_(dependencies),
      tar_([this](std::string_view bytes) { out_.write(bytes); }),
      seen_(options.limits.case_twins),
      manifest_(scratch.path()),
      databases_(folder, scratch.path()),
      buffer_(kSmall + 1, '\0') {}

Summary Creator::run() {
  if (options_.on_progress) {
    progress_.total_bytes = size_of_all(folder_);
  }
  manifest_.append(head_line({.service = options_.service,
                              .host = host_name(),
                              .folder = folder_.string(),
                              .binary_version = options_.binary_version,
                              .created_at = dependencies_.clock.now(),
                              .problems = {}}) +
                   "\n");
  const UniqueFd root = open_folder(folder_);
  walk({.fd = root.get(), .path = {}});
  add_databases(true);
  add_manifest();
  tar_.finish();
  if (options_.on_progress) {
    options_.on_progress({.entries = summary_.entries, .bytes = summary_.bytes, .total_bytes = summary_.bytes});
  }
  return std::move(summary_);
}

void Creator::walk(const Place& place) {
  for (const std::string& name : names_in(place.fd, folder_ / place.path)) {
    visit(place, name);
    add_databases(false);
  }
}

bool Creator::is_excluded(const std::string& path, const std::string& name) const {
  if (path == kBackupFolder || path == FolderLock::kFileName || path == kManifestName ||
      name.starts_with(Scratch::kPrefix) || name.starts_with(".mcdsl-snapshot-")) {
    return true;
  }
  return std::ranges::any_of(options_.exclude, [&](const std::string& pattern) {
    const std::string& text = pattern.contains('/') ? path : name;
    return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
  });
}

bool Creator::is_side_file_of_database(const Place& place, const std::string& name) const {
  constexpr std::string_view kMigrateLock = ".migrate-lock";  // that of db, empty
  const std::string database(name.ends_with(kMigrateLock)
                                 ? std::string_view(name).substr(0, name.size() - kMigrateLock.size())
                                 : database_of_side_file(name));
  struct stat status{};
  if (database.empty() || ::fstatat(place.fd, database.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(status.st_mode)) {
    return false;
  }
  if (own_locks_.contains(status)) {
    return true;
  }
  const UniqueFd fd(::openat(place.fd, database.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return fd && has_magic(fd.get());
}

void Creator::visit(const Place& place, const std::string& name) {
  const std::string path = place.path + name;
  if (is_excluded(path, name)) {
    return;
  }
  struct stat status{};
  if (::fstatat(place.fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) {
      return problem(path, "it vanished before it was read");
    }
    fail_system("look at", folder_ / path, errno);
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      return add_folder(place, name, path, status);
    case S_IFLNK:
      return add_link(place, name, path, status);
    case S_IFREG:
      if (!is_side_file_of_database(place, name)) {
        add_file(place, name, path, status);
      }
      return;
    default:
      dependencies_.logger.info("left out of the archive", {{"path", shown(path)}, {"is", kind_of(status.st_mode)}});
  }
}

// What a reader with the same limits would refuse does not go in.
void Creator::admit(const Entry& entry) {
  (void)clean_path(entry.path, entry.type, options_.limits);
  const auto refuse = [&](const std::string& why) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(entry.path) + ": " + why);
  };
  if (summary_.entries == options_.limits.max_entries) {
    refuse("the folder has more than " + std::to_string(options_.limits.max_entries) + " entries");
  }
  if (entry.size > options_.limits.max_bytes || summary_.bytes + entry.size > options_.limits.max_bytes) {
    refuse("the folder holds more than " + std::to_string(options_.limits.max_bytes) + " bytes");
  }
  if (!seen_.insert(entry.path)) {
    throw Refusal(Code::invalid_argument,
                  "entry " + shown(entry.path) + " differs from another one in upper and lower case only");
  }
}

void Creator::done(const Entry& entry) {
  std::string line = entry_line(entry);
  line += entry.database ? database_part(*entry.database) : "";
  manifest_.append(line + "}\n");
  ++summary_.entries;
  summary_.bytes += entry.size;
  if (out_.bytes_in() > kFreeOfRatio && out_.bytes_in() - kFreeOfRatio > out_.bytes_out() * options_.limits.max_ratio) {
    throw Refusal(Code::resource_exhausted, "entry " + shown(entry.path) + ": the archive would unpack to more than " +
                                                std::to_string(options_.limits.max_ratio) + " times its size");
  }
  report_progress(0);
}

// `more`: of a file that is being read.
void Creator::report_progress(std::uint64_t more) {
  if (options_.on_progress && (summary_.bytes + more >= progress_.bytes + kBytesPerCall ||
                               summary_.entries >= progress_.entries + kEntriesPerCall)) {
    progress_.bytes = summary_.bytes + more;
    progress_.entries = summary_.entries;
    options_.on_progress(progress_);
  }
}

void Creator::problem(const std::string& path, const std::string& what) {
  dependencies_.logger.warn("a file of the archive", {{"path", shown(path)}, {"problem", what}});
  summary_.problems.push_back({.path = path, .what = what});
}

void Creator::add_folder(const Place& place, const std::string& name, const std::string& path,
                         const struct stat& status) {
  const UniqueFd fd(::openat(place.fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
      return problem(path, "it vanished before it was read");
    }
    fail_system("open the folder", folder_ / path, errno);
  }
  const Entry entry{.path = path, .type = Type::folder, .mode = status.st_mode & 0777U};
  admit(entry);
  tar_.folder(entry, status.st_mtim.tv_sec);
  done(entry);
  walk({.fd = fd.get(), .path = path + "/"});
}

void Creator::add_link(const Place& place, const std::string& name, const std::string& path,
                       const struct stat& status) {
  std::array<char, 4096> target{};
  const ssize_t size = ::readlinkat(place.fd, name.c_str(), target.data(), target.size() - 1);
  if (size < 0) {
    return problem(path, "it vanished before it was read");
  }
  const Entry entry{.path = path,
                    .type = Type::link,
                    .mode = 0777,
                    .link = std::string(target.data(), static_cast<std::size_t>(size))};
  if (!options_.links) {
    return problem(path, "symbolic links are left out");
  }
  try {
    check_link(path, entry.link);
  } catch (const Refusal&) {
    return problem(path, "the symbolic link leads outside and is left out");
  }
  admit(entry);
  tar_.link(entry, status.st_mtim.tv_sec);
  done(entry);
}

void Creator::add_file(const Place& place, const std::string& name, const std::string& path, const struct stat& seen) {
  const auto add_database = [&](const struct stat& status) {
    databases_.add({.path = path, .mode = status.st_mode & 0777U, .mtime = status.st_mtim.tv_sec});
  };
  if (own_locks_.contains(seen)) {
    return add_database(seen);
  }
  const UniqueFd fd(::openat(place.fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ELOOP) {
      return problem(path, "it vanished before it was read");
    }
    fail_system("open", folder_ / path, errno);
  }
  struct stat before = status_of(fd.get(), path);
  if (!S_ISREG(before.st_mode)) {
    return problem(path, "it vanished before it was read");
  }
  if (has_magic(fd.get())) {
    return add_database(before);
  }
  Entry entry{.path = path, .mode = before.st_mode & 0777U};
  if (static_cast<std::size_t>(before.st_size) > kSmall || !add_small_file(fd.get(), entry, before)) {
    add_large_file(fd.get(), std::move(entry), before);
  }
}

// False where it has grown large.
bool Creator::add_small_file(int fd, Entry entry, struct stat& before) {
  std::string_view bytes;
  for (int i = 1;; ++i) {
    if (::lseek(fd, 0, SEEK_SET) != 0) {
      fail_system("read", folder_ / entry.path, errno);
    }
    const auto size = static_cast<std::size_t>(before.st_size) + 1;  // one more, to see that it ends there
    bytes = std::string_view(buffer_).substr(
        0, read_up_to(fd, buffer_.data(), std::min(size, buffer_.size()), folder_ / entry.path));
    const struct stat after = status_of(fd, entry.path);
    const bool is_whole = is_same(before, after) && bytes.size() == static_cast<std::size_t>(before.st_size);
    if (static_cast<std::size_t>(after.st_size) > kSmall) {
      before = after;
      return false;
    }
    before = after;
    if (is_whole || i == kTries) {
      if (!is_whole) {
        problem(entry.path, "it changed while it was read, " + std::to_string(kTries) + " times");
      }
      break;
    }
  }
  entry.size = bytes.size();
  entry.sha256 = crypto::to_hex(crypto::sha256(bytes));
  admit(entry);
  tar_.begin_file(entry, before.st_mtim.tv_sec);
  tar_.data(bytes);
  tar_.end_file();
  done(entry);
  return true;
}

void Creator::add_large_file(int fd, Entry entry, const struct stat& before) {
  entry.size = static_cast<std::uint64_t>(before.st_size);
  admit(entry);
  const std::vector<Extent> extents = extents_of(fd, before);
  if (extents.size() == 1 && extents.front().size == entry.size) {
    tar_.begin_file(entry, before.st_mtim.tv_sec);
  } else {
    tar_.begin_sparse_file(entry, before.st_mtim.tv_sec, extents);
  }
  add_extents(fd, entry, before, extents);
  tar_.end_file();
  done(entry);
}

// The header has promised a number of bytes: where the file has become shorter, zeros stand for them, and the operator
// is told.
void Creator::add_extents(int fd, Entry& entry, const struct stat& before, const std::vector<Extent>& extents) {
  crypto::Sha256Stream sha256;
  const std::string zeros(65536, '\0');
  std::uint64_t hashed = 0;
  std::uint64_t missing = 0;
  for (const Extent& extent : extents) {
    for (; hashed < extent.offset;) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(extent.offset - hashed, zeros.size()));
      sha256.update(std::string_view(zeros).substr(0, part));
      hashed += part;
    }
    if (extent.size > 0 && ::lseek(fd, static_cast<off_t>(extent.offset), SEEK_SET) < 0) {
      fail_system("read", folder_ / entry.path, errno);
    }
    for (const std::uint64_t end = extent.offset + extent.size; hashed < end;) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end - hashed, kSmall));
      const std::size_t count = read_up_to(fd, buffer_.data(), wanted, folder_ / entry.path);
      std::fill_n(buffer_.begin() + static_cast<std::ptrdiff_t>(count), wanted - count, '\0');
      missing += wanted - count;
      const std::string_view bytes = std::string_view(buffer_).substr(0, wanted);
      sha256.update(bytes);
      tar_.data(bytes);
      hashed += wanted;
      report_progress(hashed);
    }
  }
  entry.sha256 = crypto::to_hex(sha256.finish());
  if (missing > 0) {
    problem(entry.path, "it became shorter while it was read: " + std::to_string(missing) + " bytes of it are zeros");
  } else if (!is_same(before, status_of(fd, entry.path))) {
    problem(entry.path, "it changed while it was read");
  }
}

void Creator::add_databases(bool wait) {
  while (auto copy = databases_.take(wait)) {
    add_copy(*copy);
  }
}

void Creator::add_copy(DatabaseCopier::Copy& copy) {
  const std::string& path = copy.of.path;
  if (copy.failure) {
    try {
      std::rethrow_exception(copy.failure);
    } catch (const Exception& problem) {
      const Error error = problem.error().wrap("entry " + shown(path));
      if (error.code() == Code::data_loss) {
        throw Refusal(error);
      }
      throw Exception(error);
    }
  }
  if (copy.contents.broken_foreign_keys > 0) {
    problem(path, "the database has foreign keys that are broken");
  }
  const UniqueFd fd(::open(copy.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    fail_system("open", copy.file, errno);
  }
  const struct stat status = status_of(fd.get(), path);
  Entry entry{.path = path,
              .size = static_cast<std::uint64_t>(status.st_size),
              .mode = copy.of.mode,
              .database = std::move(copy.contents)};
  admit(entry);
  tar_.begin_file(entry, copy.of.mtime);
  add_extents(fd.get(), entry, status, {{.offset = 0, .size = entry.size}});
  tar_.end_file();
  done(entry);
}

void Creator::add_manifest() {
  manifest_.append(tail_line(summary_.entries, summary_.bytes) + problems_part(summary_.problems) + "\n");
  tar_.begin_file({.path = std::string(kManifestName), .size = manifest_.size(), .mode = 0600},
                  Clock::WallTime::clock::to_time_t(dependencies_.clock.now()));
  manifest_.rewind();
  for (std::string_view bytes = manifest_.next(); !bytes.empty(); bytes = manifest_.next()) {
    tar_.data(bytes);
  }
  tar_.end_file();
}

}  // namespace mcdsl::archive::internal
