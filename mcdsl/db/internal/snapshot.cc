#include "mcdsl/db/internal/snapshot.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <tuple>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db::internal {
namespace {

[[noreturn]] void fail_system(const std::string& doing, const std::filesystem::path& path, int errno_value) {
  throw Exception(code_of_errno(errno_value),
                  "snapshot: " + doing + " " + path.string() + ": " + errno_text(errno_value));
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

void sync(const UniqueFd& fd, const std::filesystem::path& path) {
  if (::fsync(fd.get()) != 0) {
    fail_system("fsync", path, errno);
  }
}

UniqueFd open_folder(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_system("open the folder", folder, errno);
  }
  return fd;
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

// Neither call replaces what is there, a link included. Not every file system (NFS) knows the first.
int rename_without_replacing(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return errno;
  }
  if (::link(from, to) != 0) {
    return errno;
  }
  ::unlink(from);  // a second name that stays is an abandoned file
  return 0;
}

// An empty file of mode 0600 in the target's folder, gone again unless it was renamed. SQLite writes into a file that
// is empty, so nobody else ever sees the copy with other rights.
class TemporaryFile {
 public:
  // What is gone soon need not reach the disk at all.
  enum class Fate : std::uint8_t { kept, soon_gone };

  explicit TemporaryFile(const std::filesystem::path& folder, Fate fate = Fate::kept)
      : folder_(folder), fate_(fate), name_((folder / (std::string(kTemporary) + "XXXXXX")).string()) {
    // While the folder is locked nobody takes the new file for an abandoned one.
    const UniqueFd folder_fd = open_folder(folder);
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

  // Sends on what has been written since the last call, after what that call sent. All of it at once, at the end, would
  // make the next fsync of a writer wait for hundreds of megabytes (measured: 100 ms in place of 5 ms). No promise of
  // anything, so errors do not matter: the last word is fsync's.
  void send_on() const noexcept {
    if (fate_ == Fate::soon_gone) {
      return;
    }
    (void)::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
  }

  // The copy of a database with a write-ahead log says that it has one too: who opened it would need to write beside
  // it. 1 stands for a file that needs nothing else (fileformat2.html §1.3.3).
  void make_self_contained() const {
    constexpr std::array<unsigned char, 2> kRollbackJournal{1, 1};
    constexpr off_t kVersions = 18;
    if (::pwrite(fd_.get(), kRollbackJournal.data(), kRollbackJournal.size(), kVersions) !=
        static_cast<ssize_t>(kRollbackJournal.size())) {
      fail_system("write", name_, errno);
    }
  }

  // Durable under its new name when this returns.
  void rename_to(const std::filesystem::path& target) {
    sync(fd_, name_);
    if (const int problem = rename_without_replacing(name_.c_str(), target.c_str()); problem != 0) {
      fail_system("put the copy at", target, problem);
    }
    renamed_ = true;
    sync(open_folder(folder_), folder_);
  }

 private:
  std::filesystem::path folder_;
  Fate fate_;
  std::string name_;
  UniqueFd fd_;  // open for its lock
  bool renamed_ = false;
};

// Throws where a snapshot must not be put: over anything, or where SQLite will look for a part of the live database.
void check_target(const config::Database& settings, const std::filesystem::path& target) {
  if (!target.has_filename()) {
    throw Exception(Code::invalid_argument, "snapshot: \"" + target.string() + "\" does not name a file");
  }
  struct stat status{};
  if (::lstat(target.c_str(), &status) == 0) {
    fail_system("refusing to write over", target, EEXIST);
  }
  if (errno != ENOENT) {
    fail_system("look at", target, errno);
  }
  std::error_code missing;
  const std::filesystem::path live = std::filesystem::canonical(settings.path, missing);
  const bool is_neighbour = std::filesystem::equivalent(target.parent_path(), live.parent_path(), missing);
  const bool is_part = std::ranges::any_of(kSideFiles, [&](std::string_view suffix) {
    return target.filename().string() == live.filename().string() + std::string(suffix);
  });
  if (is_neighbour && is_part) {
    throw Exception(Code::invalid_argument, "snapshot: " + target.string() + " is a name that the live database needs");
  }
}

bool has_column(ReadTransaction& transaction, std::string_view table, std::string_view column) {
  return transaction.query_one<std::int64_t>("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2", table, column)
      .has_value();
}

config::Database settings_of_copy(const config::Database& settings, const TemporaryFile& file) {
  config::Database copy = settings;
  copy.path = file.name();
  copy.mmap_bytes = 0;
  return copy;
}

// Copies through the transaction that is open on `source`.
void copy_pages(const config::Database& settings, Connection& source, const TemporaryFile& file) {
  constexpr int kPagesAtOnce = 1024;
  Connection target(settings_of_copy(settings, file), Connection::Role::copier);
  target.run("PRAGMA synchronous = OFF");  // the whole is synced once, at the end
  target.run("PRAGMA journal_mode = MEMORY");
  sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  int code = backup != nullptr ? SQLITE_OK : sqlite3_extended_errcode(target.get());
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(backup, kPagesAtOnce);
    (void)sqlite3_db_cacheflush(target.get());  // where it fails, so does the next step
    file.send_on();
  }
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) {
    throw Exception(target.error(code, "copy " + settings.path.string()));  // the backup's errors stand there
  }
}

// Copies the database as it is at one moment; what it held then.
//
// A copy can only be held against the database as it was at that very moment, and under a steady writer no second
// look, however soon, sees the same one. VACUUM INTO opens a snapshot of its own and can be told none (it refuses to
// run in a transaction, and Debian's SQLite lacks sqlite3_snapshot_open). The backup interface reads through the
// transaction that its connection has open: the counting and the copying see one snapshot, exactly, with no lock that a
// writer meets. It copies pages as they are, so damage stays visible to the check of the copy, where VACUUM would
// rebuild the indexes of a table that had lost rows and call it whole. So VACUUM comes second: see docs/adr/0008.
//
// While the transaction is open, checkpoints cannot begin the write-ahead log anew, so nothing that can be done later
// happens here.
Contents copy_into(Connection& source, const config::Database& settings, const TemporaryFile& file) {
  source.control(Control::begin);  // ends with the connection
  Contents contents = read_contents(source, CountBy::any_index);
  copy_pages(settings, source, file);
  source.control(Control::commit);
  return contents;
}

// Makes a checked copy in the file; what it holds.
Contents make_copy(const config::Database& settings, const TemporaryFile& file) {
  Connection source(settings, Connection::Role::copier);
  Contents contents = copy_into(source, settings, file);
  file.make_self_contained();
  check_copy(settings, file.name(), contents);
  return contents;
}

// Without the free pages, and the rows in order.
void make_compact(const config::Database& settings, const TemporaryFile& copy, const TemporaryFile& compact) {
  Connection connection(settings_of_copy(settings, copy), Connection::Role::copier);
  connection.vacuum_into(compact.name(), [&] { compact.send_on(); });
}

}  // namespace

Contents read_contents(Connection& connection, CountBy way) {
  ReadTransaction transaction(connection);
  Contents contents;
  for (const char* name : {"user_version", "application_id"}) {
    contents[name] = transaction.query_one<std::int64_t>(std::string("PRAGMA ") + name).value();
  }
  if (has_column(transaction, "schema_migrations", "version")) {
    contents["newest migration"] =
        transaction.query_one<std::int64_t>("SELECT coalesce(max(CAST(version AS INTEGER)), 0) FROM schema_migrations")
            .value();
  }
  contents["entries of the schema"] =
      transaction.query_one<std::int64_t>("SELECT count(*) FROM sqlite_schema NOT INDEXED").value();
  // A virtual table has no pages of its own; its rows are in ordinary tables, which are counted.
  const auto tables = transaction.query<std::tuple<std::string, std::string>>(
      "SELECT name, printf('SELECT count(*) FROM main.\"%w\"', name) FROM sqlite_schema "
      "WHERE type = 'table' AND rootpage > 0");
  for (const auto& [name, count] : tables) {
    contents["rows of " + name] =
        transaction.query_one<std::int64_t>(count + (way == CountBy::table ? " NOT INDEXED" : "")).value();
  }
  return contents;
}

void check_copy(const config::Database& settings, const std::string& file, const Contents& expected) {
  config::Database copy = settings;
  copy.path = file;
  Connection connection(copy, Connection::Role::checker);
  const auto refuse = [&](const std::string& why) {
    throw Exception(Code::data_loss, "snapshot: the copy of " + settings.path.string() + " is damaged: " + why);
  };
  const auto verdict = ReadTransaction(connection).query_one<std::string>("PRAGMA quick_check(1)");
  if (verdict != "ok") {
    refuse(verdict.value_or("no answer"));
  }
  // Not the way the source was counted: an index that lacks rows of its table, which a quick check does not see, is
  // found where it was the one counted by.
  const Contents actual = read_contents(connection, CountBy::table);
  const auto [wanted, found] = std::ranges::mismatch(expected, actual);
  const auto text = [](const Contents& contents, Contents::const_iterator entry) {
    return entry == contents.end() ? "nothing more" : entry->first + ": " + std::to_string(entry->second);
  };
  if (wanted != expected.end() || found != actual.end()) {
    refuse("the database has " + text(expected, wanted) + "; the copy has " + text(actual, found));
  }
}

namespace {

// Fills `compact` with a copy that is held against its source twice: as its pages were copied, and vacuumed.
void make_compact_copy(const config::Database& settings, const std::filesystem::path& folder,
                       const TemporaryFile& compact, TemporaryFile::Fate fate) {
  const Contents contents = [&] {
    const TemporaryFile copy(folder, fate);
    Contents found = make_copy(settings, copy);
    make_compact(settings, copy, compact);
    return found;
  }();
  check_copy(settings, compact.name(), contents);
}

}  // namespace

void take_snapshot(const config::Database& settings, const std::filesystem::path& target) {
  about_to_block();
  const std::filesystem::path absolute = std::filesystem::absolute(target);
  check_target(settings, absolute);
  TemporaryFile compact(absolute.parent_path());
  make_compact_copy(settings, absolute.parent_path(), compact, TemporaryFile::Fate::kept);
  compact.rename_to(absolute);
}

void with_compact_copy(const config::Database& settings, const std::filesystem::path& folder,
                       const std::function<void(const std::filesystem::path&)>& use) {
  about_to_block();
  const TemporaryFile compact(folder, TemporaryFile::Fate::soon_gone);
  make_compact_copy(settings, folder, compact, TemporaryFile::Fate::soon_gone);
  use(compact.name());
}

void with_copy(const config::Database& settings, const std::filesystem::path& folder,
               const std::function<void(const std::filesystem::path&)>& use) {
  about_to_block();
  const TemporaryFile copy(folder);
  (void)make_copy(settings, copy);
  use(copy.name());
}

}  // namespace mcdsl::db::internal
