#include "mcdsl/db/internal/snapshot.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::Scratch;
using testing::thrown_by;
using ::testing::UnorderedElementsAre;

struct NotesDatabase : Scratch {
  explicit NotesDatabase(int rows = 100) {
    run("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)");
    run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
        "INSERT INTO notes SELECT i, hex(randomblob(500)) FROM n",
        rows);
    std::filesystem::create_directory(folder / "backups");
  }

  [[nodiscard]] std::vector<std::string> backups() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "backups")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
};

// Has renameat2(2) fail with `error` on this thread, which must end soon: as on a file system that does not know how to
// rename without replacing.
bool forbid_renameat2(int error) {
  std::array<sock_filter, 4> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA)),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// What a program that is not this library does to a file: nothing is forbidden.
void run_unprotected(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

std::int64_t notes_in(const std::filesystem::path& path) {
  return Database::open({.path = path}).read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<std::string>("PRAGMA integrity_check"), "ok");
    return transaction.query_one<std::int64_t>("SELECT count(*) FROM notes").value();
  });
}

TEST(Snapshot, IsAWholePrivateCopyAndNothingElse) {
  const NotesDatabase scratch;
  const mode_t before = ::umask(0);
  const auto path = scratch.folder / "backups" / "copy.db";
  scratch.database.snapshot(path);
  ::umask(before);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_THAT(scratch.backups(), UnorderedElementsAre("copy.db"));
  EXPECT_EQ(notes_in(path), 100);
}

TEST(Snapshot, TakesANameLiterally) {
  const NotesDatabase scratch;
  for (const char* name : {"it's a 100% copy?mode=ro#1.db", ":memory:", "file:copy", "größe.db"}) {
    scratch.database.snapshot(scratch.folder / "backups" / name);
    EXPECT_EQ(notes_in(scratch.folder / "backups" / name), 100) << name;
  }
}

TEST(Snapshot, RefusesToWriteOverWhatIsThere) {
  const NotesDatabase scratch;
  const auto refuses = [&](const std::filesystem::path& path) {
    const Error error = thrown_by([&] { scratch.database.snapshot(path); });
    EXPECT_EQ(error.code(), Code::already_exists) << path;
    EXPECT_THAT(error.message(), HasSubstr(path.string()));
  };
  refuses(scratch.folder.write("backups/file.db", "mine"));
  refuses(scratch.settings.path);
  refuses(scratch.folder / "backups");
  std::filesystem::create_symlink(scratch.folder / "elsewhere.db", scratch.folder / "backups" / "dangling.db");
  refuses(scratch.folder / "backups" / "dangling.db");
  std::filesystem::create_symlink(scratch.settings.path, scratch.folder / "backups" / "live.db");
  refuses(scratch.folder / "backups" / "live.db");
  EXPECT_THAT(scratch.backups(), UnorderedElementsAre("file.db", "dangling.db", "live.db"));
  EXPECT_FALSE(std::filesystem::exists(scratch.folder / "elsewhere.db"));
  EXPECT_EQ(std::filesystem::file_size(scratch.folder / "backups" / "file.db"), 4);
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 100);
}

TEST(Snapshot, RefusesTheNamesThatTheLiveDatabaseNeeds) {
  NotesDatabase scratch;
  std::filesystem::create_directory_symlink(scratch.folder.path(), scratch.folder / "round");
  std::filesystem::create_symlink(scratch.settings.path, scratch.folder / "backups" / "link.db");
  const auto refuses = [](const Database& database, const std::filesystem::path& path) {
    const Error error = thrown_by([&] { database.snapshot(path); });
    EXPECT_THAT(error.code(), AnyOf(Code::already_exists, Code::invalid_argument)) << path;
    EXPECT_THAT(error.message(), HasSubstr(path.filename().string()));
  };
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const std::string name = "notes.db" + std::string(suffix);
    refuses(scratch.database, scratch.folder / name);
    refuses(scratch.database, scratch.folder / "round" / name);
  }
  scratch.settings.path = scratch.folder / "backups" / "link.db";
  const Database linked = scratch.open();
  refuses(linked, scratch.folder / "notes.db-journal");
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 100);
  EXPECT_THAT(scratch.backups(), UnorderedElementsAre("link.db"));
}

TEST(Snapshot, NamesTheFolderThatIsNotThere) {
  const NotesDatabase scratch;
  const auto refuses = [&](std::string_view path, Code code) {
    const Error error = thrown_by([&] { scratch.database.snapshot(scratch.folder / path); });
    EXPECT_EQ(error.code(), code) << path;
    EXPECT_THAT(error.message(), HasSubstr((scratch.folder / path).parent_path().string()));
  };
  refuses("missing/copy.db", Code::not_found);
  refuses("notes.db/copy.db", Code::not_found);  // not a folder
  refuses("missing/", Code::invalid_argument);
}

TEST(Snapshot, HasOneWinnerWhereManyWantOneName) {
  constexpr int kThreads = 8;
  for (const int error : {0, EINVAL, ENOSYS}) {  // of renameat2(2)
    const NotesDatabase scratch;
    std::latch start(kThreads);
    std::atomic<int> taken = 0;
    std::atomic<int> refused = 0;
    {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
          EXPECT_TRUE(error == 0 || forbid_renameat2(error));
          start.arrive_and_wait();
          try {
            scratch.database.snapshot(scratch.folder / "backups" / "copy.db");
            ++taken;
          } catch (const Exception& problem) {
            EXPECT_EQ(problem.error().code(), Code::already_exists) << problem.what();
            ++refused;
          }
        });
      }
    }
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(refused, kThreads - 1);
    EXPECT_THAT(scratch.backups(), UnorderedElementsAre("copy.db"));
    EXPECT_EQ(notes_in(scratch.folder / "backups" / "copy.db"), 100);
  }
}

TEST(Snapshot, RemovesWhatAKilledProcessLeftAndNothingThatIsInUse) {
  const NotesDatabase scratch;
  for (const char* name : {".mcdsl-snapshot-killed", ".mcdsl-snapshot-killed-journal", ".mcdsl-snapshot-killed-wal",
                           ".mcdsl-snapshot-killed-shm", ".mcdsl-snapshot-in-use", "somebody's"}) {
    (void)scratch.folder.write(std::string("backups/") + name, "remains");
  }
  const UniqueFd used(::open((scratch.folder / "backups" / ".mcdsl-snapshot-in-use").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(used.get(), LOCK_EX), 0);
  scratch.database.snapshot(scratch.folder / "backups" / "copy.db");
  EXPECT_THAT(scratch.backups(), UnorderedElementsAre(".mcdsl-snapshot-in-use", "somebody's", "copy.db"));
}

TEST(Snapshot, NeedsNoFileBesideItToBeRead) {
  const NotesDatabase scratch;
  const auto path = scratch.folder / "backups" / "copy.db";
  scratch.database.snapshot(path);
  const std::string bytes = read_file(path).value();
  EXPECT_EQ(bytes.substr(18, 2), "\x01\x01") << "a database in WAL mode can only be read where one may write";
}

TEST(Snapshot, HoldsWhatOnlyTheLogHeld) {
  const NotesDatabase scratch;
  scratch.database.read([&](ReadTransaction& transaction) {  // keeps the log from being emptied
    EXPECT_EQ(transaction.query_one<int>("PRAGMA user_version"), 0);
    scratch.run("CREATE TABLE late (x)");
    scratch.run("INSERT INTO late VALUES (1)");
    scratch.run("PRAGMA user_version = 7");
    scratch.database.snapshot(scratch.folder / "backups" / "copy.db");
    EXPECT_EQ(transaction.query_one<int>("PRAGMA user_version"), 0);
  });
  const Database copy = Database::open({.path = scratch.folder / "backups" / "copy.db"});
  copy.read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<int>("SELECT x FROM late"), 1);
    EXPECT_EQ(transaction.query_one<int>("PRAGMA user_version"), 7);
  });
}

TEST(Snapshot, IsRefusedWhereTheCopyIsNotWhatTheDatabaseWas) {
  const Scratch scratch;
  scratch.database.migrate(std::vector<Migration>{
      {.version = 3, .name = "notes", .sql = "CREATE TABLE notes (body); INSERT INTO notes VALUES (1), (2)"}});
  const auto expected = [&] {
    internal::Connection connection(scratch.settings, internal::Connection::Role::copier);
    return internal::read_contents(connection, internal::CountBy::any_index);
  }();
  const auto refusal = [&](const std::string& sql) {
    const mcdsl::testing::TempDir folder;
    scratch.database.snapshot(folder / "copy.db");
    run_unprotected(folder / "copy.db", sql);
    return thrown_by([&] { internal::check_copy(scratch.settings, (folder / "copy.db").string(), expected); });
  };
  const auto expect_refusal = [&](const std::string& sql, const std::string& why) {
    const Error error = refusal(sql);
    EXPECT_EQ(error.code(), Code::data_loss);
    EXPECT_THAT(error.message(), HasSubstr(why));
    EXPECT_THAT(error.message(), HasSubstr(scratch.settings.path.string()));
  };
  expect_refusal("DELETE FROM notes WHERE body = 1", "has rows of notes: 2; the copy has rows of notes: 1");
  expect_refusal("INSERT INTO notes VALUES (3)", "the copy has rows of notes: 3");
  expect_refusal("DELETE FROM schema_migrations", "has newest migration: 3; the copy has newest migration: 0");
  expect_refusal("PRAGMA user_version = 4", "the copy has user_version: 4");
  expect_refusal("DROP TABLE notes", "the copy has entries of the schema: 1");
  expect_refusal("ALTER TABLE notes RENAME TO zebra", "has rows of notes: 2; the copy has rows of schema_migrations");
  expect_refusal("ALTER TABLE schema_migrations RENAME TO a", "has newest migration: 3; the copy has rows of a: 1");
}

TEST(Snapshot, OfADatabaseWithAnIndexThatLacksARowIsNotTaken) {
  Scratch scratch;
  scratch.run("CREATE TABLE notes (slug TEXT, title TEXT, body TEXT)");
  scratch.run("CREATE INDEX by_slug ON notes (slug)");
  // The index is forgotten, a row is added, the index is remembered: SQLite's quick check sees nothing of it.
  run_unprotected(
      scratch.settings.path,
      "PRAGMA writable_schema = ON; CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = "
      "'by_slug'; DELETE FROM sqlite_schema WHERE name = 'by_slug'; PRAGMA writable_schema = RESET; "
      "INSERT INTO notes (slug) VALUES ('unseen'); PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * "
      "FROM kept; PRAGMA writable_schema = RESET");
  const Error error = thrown_by([&] { scratch.database.snapshot(scratch.folder / "copy.db"); });
  EXPECT_EQ(error.code(), Code::data_loss);
  EXPECT_THAT(error.message(), HasSubstr("has rows of notes: 0; the copy has rows of notes: 1"));
  EXPECT_FALSE(std::filesystem::exists(scratch.folder / "copy.db"));
}

TEST(Snapshot, TakesTablesOfEveryKind) {
  const NotesDatabase scratch;
  scratch.run("CREATE TABLE \"odd \"\" 'name%\" (a INTEGER PRIMARY KEY AUTOINCREMENT)");
  scratch.run("INSERT INTO \"odd \"\" 'name%\" VALUES (1)");
  scratch.run("CREATE TABLE without_rowid (a TEXT PRIMARY KEY) WITHOUT ROWID");
  scratch.run("INSERT INTO without_rowid VALUES ('x')");
  scratch.run("CREATE VIRTUAL TABLE search USING fts5(body)");
  scratch.run("INSERT INTO search VALUES ('to be found')");
  scratch.run("CREATE VIEW everything AS SELECT body FROM notes");
  scratch.run("CREATE INDEX some ON notes (body) WHERE id < 10");
  const auto path = scratch.folder / "backups" / "copy.db";
  scratch.database.snapshot(path);
  const Database copy = Database::open({.path = path});
  copy.read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<std::string>("SELECT body FROM search WHERE search MATCH 'found'"), "to be found");
    EXPECT_EQ(transaction.query_one<int>("SELECT seq FROM sqlite_sequence"), 1);
    EXPECT_EQ(transaction.query_one<int>("SELECT count(*) FROM everything"), 100);
  });
}

TEST(Snapshot, LetsWritersGoOnAndShowsOneMoment) {
  const NotesDatabase scratch(2000);
  scratch.run("CREATE TABLE pair (a INTEGER, b INTEGER)");
  scratch.run("INSERT INTO pair VALUES (0, 0)");
  std::int64_t written = 0;
  {
    std::jthread writer([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        value_or_throw(scratch.database.write([](WriteTransaction& transaction) {
          value_or_throw(transaction.execute("UPDATE pair SET a = a + 1"));
          value_or_throw(transaction.execute("UPDATE pair SET b = b + 1"));
          value_or_throw(transaction.execute("INSERT INTO notes (body) VALUES ('one more at every moment')"));
          value_or_throw(transaction.execute("DELETE FROM notes WHERE id % 7 = abs(random()) % 7 AND id % 50 = 1"));
        }));
        ++written;
      }
    });
    for (int i = 0; i < 20; ++i) {
      scratch.database.snapshot(scratch.folder / "backups" / ("copy" + std::to_string(i)));
    }
  }
  EXPECT_EQ(scratch.get("SELECT a FROM pair"), written);
  for (const auto& name : scratch.backups()) {
    const Database copy = Database::open({.path = scratch.folder / "backups" / name});
    EXPECT_EQ(copy.read([](ReadTransaction& transaction) {
      return transaction.query_one<std::int64_t>("SELECT a - b FROM pair");
    }),
              0);
  }
}

TEST(Snapshot, OfADamagedDatabaseIsNotTaken) {
  mcdsl::testing::TempDir folder;
  const auto path = folder / "notes.db";
  {
    const NotesDatabase whole(1000);
    whole.database.snapshot(path);
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t page = 5; page < 9; ++page) {
    file.seekp(static_cast<std::streamoff>(page * 4096));
    file << std::string(100, '\xFF');
  }
  file.close();
  const Database damaged = Database::open({.path = path});
  const Error error = thrown_by([&] { damaged.snapshot(folder / "copy.db"); });
  EXPECT_EQ(error.code(), Code::data_loss) << error.message();
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("notes.db")) << "left over: " << entry.path();
  }
}

TEST(Snapshot, HasADefaultPlaceThatIsFree) {
  Scratch scratch;
  EXPECT_EQ(scratch.database.default_snapshot_path(), scratch.folder / "backups" / "notes-20260101T000000Z.db");
  scratch.settings.backup_dir = scratch.folder / "elsewhere";
  std::filesystem::create_directory(scratch.settings.backup_dir);
  const Database database = scratch.open();
  database.snapshot(database.default_snapshot_path());
  EXPECT_EQ(database.default_snapshot_path(), scratch.folder / "elsewhere" / "notes-20260101T000000Z-2.db");
}

}  // namespace
}  // namespace mcdsl::db
