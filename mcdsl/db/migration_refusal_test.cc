#include <stdexcept>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db {
namespace {

using namespace std::string_view_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAll;
using testing::kAuthors;
using testing::kNotes;
using testing::kRead;
using ::testing::Not;
using testing::refusal;
using testing::Scratch;
using testing::Steps;
using testing::thrown_by;
using testing::versions;

TEST(Migration, IsUndoneWhereItsCodeFails) {
  const Scratch scratch;
  constexpr std::string_view kTable = "CREATE TABLE half (x INTEGER PRIMARY KEY)";
  const auto throws_our_own = [](WriteTransaction& /*transaction*/) { throw Exception(Code::data_loss, "no such"); };
  const auto throws_another = [](WriteTransaction& /*transaction*/) { throw std::runtime_error("no such"); };
  const auto loses_its_transaction = [](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO half VALUES (1)"));
    EXPECT_FALSE(transaction.execute("INSERT OR ROLLBACK INTO half VALUES (1)"));
  };
  const auto ends_its_transaction = [](WriteTransaction& transaction) { (void)transaction.execute("COMMIT"); };
  for (const auto code : std::initializer_list<void (*)(WriteTransaction&)>{
           throws_our_own, throws_another, loses_its_transaction, ends_its_transaction}) {
    const Error error = thrown_by([&] {
      scratch.database.migrate(Steps{kAuthors, {.version = 2, .name = "broken", .sql = kTable, .code = code}, kRead});
    });
    EXPECT_THAT(error.message(), AllOf(HasSubstr("notes.db"), HasSubstr("migration 2 (broken)")));
    EXPECT_THAT(versions(scratch), ElementsAre(1));
    EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
  }
  const Error error = thrown_by([&] {
    scratch.database.migrate(Steps{kAuthors, {.version = 2, .name = "broken", .sql = "", .code = throws_our_own}});
  });
  EXPECT_EQ(error.code(), Code::data_loss);
  EXPECT_THAT(error.to_string(), HasSubstr("no such"));
}

TEST(Migration, CannotChangeHowTheFileIsWritten) {
  const Scratch scratch;
  for (const char* sql : {"PRAGMA journal_mode = DELETE", "PRAGMA synchronous = OFF", "VACUUM"}) {
    EXPECT_THROW(scratch.database.migrate(Steps{{.version = 1, .name = "sets", .sql = sql}}), Exception) << sql;
  }
  EXPECT_EQ(scratch.get<std::string>("SELECT journal_mode FROM pragma_journal_mode"), "wal");
  EXPECT_THAT(versions(scratch), IsEmpty());
}

TEST(Migration, RefusesAZeroByteWhereSqliteWouldStopReading) {
  const Scratch scratch;
  constexpr auto kSql = "CREATE TABLE a (x);\0CREATE TABLE b (x)"sv;
  EXPECT_THAT(refusal(scratch, {{.version = 1, .name = "zero", .sql = kSql}}), HasSubstr("zero byte"));
}

TEST(Migration, RefusesAListThatIsOutOfOrder) {
  const Scratch scratch;
  EXPECT_THAT(refusal(scratch, {kNotes, kAuthors}), HasSubstr("migration 1 (create_authors)"));
  EXPECT_THAT(refusal(scratch, {kNotes, kNotes}), HasSubstr("migration 2"));
  refusal(scratch, {{.version = 0, .name = "zero", .sql = ""}});
  EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema"), 0) << "nothing was touched";
}

TEST(Migration, RefusesAStepThatWasEditedAfterItRan) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  Migration edited = kAuthors;
  edited.sql = "CREATE TABLE authors (name TEXT PRIMARY KEY, born INTEGER)";
  EXPECT_THAT(refusal(scratch, {edited, kNotes}),
              AllOf(HasSubstr("migration 1 (create_authors)"), HasSubstr("edited"), HasSubstr("new migration")));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
}

TEST(Migration, AcceptsAStepThatWasOnlyLaidOutAnew) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  Migration tidied = kAuthors;
  tidied.name = "make_authors";
  tidied.sql = "-- who writes\nCREATE TABLE authors\n  (name TEXT PRIMARY KEY)\n";
  scratch.database.migrate(Steps{tidied, kNotes});
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2));
}

TEST(Migration, RefusesADatabaseThatIsNewerThanTheProgram) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes}),
              AllOf(HasSubstr("migration 5 (add_read)"), HasSubstr("older"), HasSubstr("newer program")));
}

TEST(Migration, RefusesAListFromWhichAStepIsMissing) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  EXPECT_THAT(refusal(scratch, {kAuthors, kRead}),
              AllOf(HasSubstr("migration 2 (create_notes)"), HasSubstr("put it back"), Not(HasSubstr("older"))));
}

TEST(Migration, RefusesAStepBelowOneThatRan) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  const Migration late{.version = 3, .name = "late", .sql = "CREATE TABLE late (x)"};
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes, late, kRead}),
              AllOf(HasSubstr("migration 3 (late)"), HasSubstr("above")));
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
}

TEST(Migration, LeavesTheDatabaseAtTheStepBeforeOneThatFails) {
  const Scratch scratch;
  const Migration broken{
      .version = 2, .name = "broken", .sql = "CREATE TABLE half (x); INSERT INTO nothing VALUES (1)"};
  const Error error = thrown_by([&] { scratch.database.migrate(Steps{kAuthors, broken, kRead}); });
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("migration 2 (broken)"), HasSubstr("nothing")));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
  scratch.database.migrate(kAll);
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5)) << "a mended list goes on from there";
}

TEST(Migration, RefusesToEndItsTransaction) {
  const Scratch scratch;
  for (const char* word : {"COMMIT", "END", "ROLLBACK", "BEGIN", "SAVEPOINT s", "ATTACH ':memory:' AS m"}) {
    const std::string sql = "CREATE TABLE half (x); " + std::string(word) + "; CREATE TABLE rest (x)";
    EXPECT_THAT(refusal(scratch, {{.version = 1, .name = "ends", .sql = sql}}),
                AllOf(HasSubstr("migration 1 (ends)"), HasSubstr("cannot begin or end a transaction")))
        << word;
    EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name IN ('half', 'rest')"), 0) << word;
  }
  EXPECT_THAT(versions(scratch), IsEmpty());
}

TEST(Migration, NamesTheForeignKeyThatAStepLeavesBroken) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors, kNotes});
  const Migration orphan{.version = 3, .name = "orphan", .sql = "INSERT INTO notes VALUES ('a', 'nobody')"};
  EXPECT_THAT(
      refusal(scratch, {kAuthors, kNotes, orphan}),
      AllOf(HasSubstr("migration 3 (orphan)"), HasSubstr("notes row 1"), HasSubstr("authors"), HasSubstr("mend")));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 0);
}

TEST(Migration, NamesTheStepWhoseForeignKeysCannotBeChecked) {
  const Scratch scratch;
  const Migration mismatch{.version = 1, .name = "mismatch", .sql = R"sql(
      CREATE TABLE authors (name TEXT);
      CREATE TABLE notes (author TEXT REFERENCES authors (name));
    )sql"};
  const Error error = thrown_by([&] { scratch.database.migrate(Steps{mismatch}); });
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("migration 1 (mismatch)"), HasSubstr("foreign key mismatch")));
  EXPECT_THAT(versions(scratch), IsEmpty());
}

TEST(Migration, DoesNotBeginWithoutItsSnapshot) {
  Scratch scratch;
  scratch.settings.backup_dir = scratch.folder.write("a-file", "") / "backups";
  const Database database = scratch.open();
  database.migrate(Steps{kAuthors});
  const Error error = thrown_by([&] { database.migrate(kAll); });
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr(scratch.settings.path.string()), HasSubstr("nothing was migrated"),
                                       HasSubstr(scratch.settings.backup_dir.string())));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
}

TEST(Migration, DoesNotBeginWhereTheFolderOfSnapshotsTakesNone) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  std::filesystem::create_symlink("/proc/self/fd", scratch.folder / "backups");  // nobody makes a file there
  const Error error = thrown_by([&] { scratch.database.migrate(kAll); });
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("nothing was migrated"), HasSubstr("backups")));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
}

}  // namespace
}  // namespace mcdsl::db
