#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

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

TEST(Snapshot, NamesTheFolderThatIsNotThere) {
  const NotesDatabase scratch;
  const Error error = thrown_by([&] { scratch.database.snapshot(scratch.folder / "missing" / "copy.db"); });
  EXPECT_EQ(error.code(), Code::not_found);
  EXPECT_THAT(error.message(), HasSubstr("missing"));
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
        }));
        ++written;
      }
    });
    for (int i = 0; i < 5; ++i) {
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
