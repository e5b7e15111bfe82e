#include "mcdsl/db/file.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "mcdsl/base/file.h"
#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// Any program's database: plain SQLite with no settings of ours. Left open, so that its log stays.
class Foreign {
 public:
  Foreign(const std::filesystem::path& path, const std::string& sql) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    run(sql);
  }
  ~Foreign() { sqlite3_close(handle_); }
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;
  void run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle_);
  }

 private:
  sqlite3* handle_ = nullptr;
};

constexpr const char* kSchema =
    "PRAGMA user_version = 5; CREATE TABLE authors (id INTEGER PRIMARY KEY);"
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, author REFERENCES authors);"
    "INSERT INTO authors VALUES (1); INSERT INTO notes VALUES (1, 1), (2, 9), (3, 8);";

TEST(DatabaseFile, IsCopiedWithWhatIsStillInItsLog) {
  const mcdsl::testing::TempDir folder;
  Foreign foreign(folder / "a.db", std::string("PRAGMA journal_mode = WAL;") + kSchema);
  std::filesystem::path kept;
  with_compact_copy(folder / "a.db", folder.path(), [&](const std::filesystem::path& copy, const FileContents& found) {
    kept = copy;
    EXPECT_EQ(found.schema_version, 5);
    EXPECT_THAT(found.rows, ElementsAre(Pair("authors", 1), Pair("notes", 3)));
    EXPECT_THAT(found.broken_foreign_keys, ElementsAre(HasSubstr("and 1 more")));
    EXPECT_FALSE(std::filesystem::exists(copy.string() + "-wal"));
    EXPECT_EQ(check_file(copy).rows, found.rows);
  });
  EXPECT_FALSE(std::filesystem::exists(kept));
}

TEST(DatabaseFile, IsCheckedWithTheLogThatLiesBesideIt) {
  const mcdsl::testing::TempDir folder;
  {
    Foreign foreign(folder / "a.db", std::string("PRAGMA journal_mode = WAL;") + kSchema);
    std::filesystem::copy(folder / "a.db", folder / "b.db");
    std::filesystem::copy(folder / "a.db-wal", folder / "b.db-wal");
  }
  EXPECT_EQ(check_file(folder / "b.db").rows.at("notes"), 3);
  EXPECT_FALSE(std::filesystem::exists(folder / "b.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "b.db-shm"));
}

TEST(DatabaseFile, ThatIsDamagedIsRefused) {
  const mcdsl::testing::TempDir folder;
  {
    const Foreign foreign(folder / "a.db", std::string("CREATE TABLE t (a); CREATE INDEX i ON t (a);"
                                                       "INSERT INTO t SELECT value FROM (WITH RECURSIVE n(value) AS "
                                                       "(SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 5000)"
                                                       "SELECT value FROM n);"));
  }
  std::fstream file(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3 + 200);
  file << std::string(300, '\x7f');
  file.close();
  try {
    (void)check_file(folder / "a.db");
    FAIL() << "it passed";
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::data_loss) << problem.what();
  }
}

TEST(DatabaseInspection, FindsNothingInASoundDatabaseThatIsInUse) {
  Scratch scratch;
  scratch.database.migrate(kAll);
  const Inspection found = inspect(scratch.settings.path);
  EXPECT_EQ(found.journal_mode, "wal");
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_THAT(found.broken_foreign_keys, IsEmpty());
  EXPECT_GT(found.wal_bytes, 0U);
}

TEST(DatabaseInspection, NamesTheJournalModeThatAnotherProgramHasLeft) {
  const mcdsl::testing::TempDir folder;
  const config::Database settings{.path = folder / "notes.db"};
  {
    (void)Database::open(settings).migrate(kAll);
  }
  std::string bytes = read_file(settings.path).value();
  bytes[18] = bytes[19] = 1;  // not WAL (sqlite.org/fileformat2.html §1.3.3)
  folder.write("notes.db", bytes);
  EXPECT_EQ(inspect(settings.path).journal_mode, "delete");
}

TEST(DatabaseInspection, TellsDamageFromSomethingThatIsNoDatabase) {
  const mcdsl::testing::TempDir folder;
  EXPECT_EQ(thrown_by([&] { (void)inspect(folder / "none.db"); }).code(), Code::not_found);
  folder.write("notes.db", std::string(8192, 'x'));
  EXPECT_THAT(inspect(folder / "notes.db").damage, SizeIs(1));
}

}  // namespace
}  // namespace mcdsl::db::testing
