#include "mcdsl/db/migration.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Scratch;
using testing::thrown_by;

constexpr Migration kAuthors{
    .version = 1, .name = "create_authors", .sql = "CREATE TABLE authors (name TEXT PRIMARY KEY)"};
constexpr Migration kNotes{.version = 2, .name = "create_notes", .sql = R"sql(
    CREATE TABLE notes (slug TEXT PRIMARY KEY, author TEXT REFERENCES authors);
    CREATE INDEX notes_by_author ON notes (author);
  )sql"};
constexpr Migration kRead{.version = 5, .name = "add_read", .sql = "ALTER TABLE notes ADD COLUMN read INTEGER"};
constexpr std::array kAll{kAuthors, kNotes, kRead};

using Steps = std::vector<Migration>;

std::vector<std::int64_t> versions(const Scratch& scratch) {
  return scratch.database.read([](ReadTransaction& transaction) {
    return transaction.query<std::int64_t>("SELECT version FROM schema_migrations ORDER BY version");
  });
}

// The snapshots that lie in the folder of backups.
std::vector<std::filesystem::path> backups(const Scratch& scratch) {
  std::vector<std::filesystem::path> found;
  if (std::filesystem::exists(scratch.folder / "backups")) {
    for (const auto& entry : std::filesystem::directory_iterator(scratch.folder / "backups")) {
      found.push_back(entry.path());
    }
  }
  return found;
}

Error refusal(const Scratch& scratch, const Steps& steps) {
  Error error = thrown_by([&] { scratch.database.migrate(steps); });
  EXPECT_EQ(error.code(), Code::failed_precondition) << error.message();
  EXPECT_THAT(error.message(), HasSubstr(scratch.settings.path.string()));
  return error;
}

TEST(Migration, RunsEachStepOnceInOrderAndRecordsIt) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  scratch.database.migrate(kAll);
  using Record = std::tuple<std::int64_t, std::string, std::string, std::string>;
  const auto records = scratch.database.read([](ReadTransaction& transaction) {
    return transaction.query<Record>(
        "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY rowid");
  });
  EXPECT_THAT(records, ElementsAre(Record(1, "create_authors", checksum(kAuthors), "2026-01-01T00:00:00Z"),
                                   Record(2, "create_notes", checksum(kNotes), "2026-01-01T00:00:00Z"),
                                   Record(5, "add_read", checksum(kRead), "2026-01-01T00:00:00Z")));
  scratch.run("INSERT INTO notes (slug, read) VALUES ('a', 1)");
}

TEST(Migration, RunsOnlyWhatIsNew) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  scratch.database.migrate(Steps{kAuthors, kNotes});
  scratch.database.migrate(kAll);
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
}

TEST(Migration, AcceptsAnEmptyList) {
  const Scratch scratch;
  scratch.database.migrate({});
  EXPECT_THAT(versions(scratch), IsEmpty());
}

TEST(Migration, RefusesAListThatIsOutOfOrder) {
  const Scratch scratch;
  EXPECT_THAT(refusal(scratch, {kNotes, kAuthors}).message(), HasSubstr("migration 1 (create_authors)"));
  EXPECT_THAT(refusal(scratch, {kNotes, kNotes}).message(), HasSubstr("migration 2"));
  refusal(scratch, {{.version = 0, .name = "zero", .sql = ""}});
  EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema"), 0) << "nothing was touched";
}

TEST(Migration, RefusesAStepThatWasEditedAfterItRan) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  Migration edited = kAuthors;
  edited.sql = "CREATE TABLE authors (name TEXT PRIMARY KEY, born INTEGER)";
  EXPECT_THAT(refusal(scratch, {edited, kNotes}).message(),
              AllOf(HasSubstr("migration 1 (create_authors)"), HasSubstr("edited"), HasSubstr("new migration")));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
}

TEST(Migration, RefusesADatabaseThatIsNewerThanTheProgram) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes}).message(),
              AllOf(HasSubstr("migration 5 (add_read)"), HasSubstr("older"), HasSubstr("newer program")));
}

TEST(Migration, RefusesAListFromWhichAStepIsMissing) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  EXPECT_THAT(refusal(scratch, {kAuthors, kRead}).message(),
              AllOf(HasSubstr("migration 2 (create_notes)"), HasSubstr("put it back"), Not(HasSubstr("older"))));
}

TEST(Migration, RefusesAStepBelowOneThatRan) {
  const Scratch scratch;
  scratch.database.migrate(kAll);
  const Migration late{.version = 3, .name = "late", .sql = "CREATE TABLE late (x)"};
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes, late, kRead}).message(),
              AllOf(HasSubstr("migration 3 (late)"), HasSubstr("above")));
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
}

TEST(Migration, LeavesTheDatabaseAtTheStepBeforeOneThatFails) {
  const Scratch scratch;
  const Migration broken{
      .version = 2, .name = "broken", .sql = "CREATE TABLE half (x); INSERT INTO nothing VALUES (1)"};
  const Error error = thrown_by([&] { scratch.database.migrate(Steps{kAuthors, broken, kRead}); });
  EXPECT_THAT(error.message(), AllOf(HasSubstr("migration 2 (broken)"), HasSubstr("nothing")));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
  scratch.database.migrate(kAll);
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5)) << "a mended list goes on from there";
}

TEST(Migration, RefusesToEndItsTransaction) {
  const Scratch scratch;
  for (const char* word : {"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT s", "ATTACH ':memory:' AS m"}) {
    const std::string sql = "CREATE TABLE half (x); " + std::string(word) + "; CREATE TABLE rest (x)";
    EXPECT_THROW(scratch.database.migrate(Steps{{.version = 1, .name = "ends", .sql = sql}}), Exception) << word;
    EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name IN ('half', 'rest')"), 0) << word;
  }
}

TEST(Migration, NamesTheForeignKeyThatAStepLeavesBroken) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors, kNotes});
  const Migration orphan{.version = 3, .name = "orphan", .sql = "INSERT INTO notes VALUES ('a', 'nobody')"};
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes, orphan}).message(),
              AllOf(HasSubstr("migration 3 (orphan)"), HasSubstr("notes row 1"), HasSubstr("authors")));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 0);
}

TEST(Migration, MayRebuildATableThatOthersReferTo) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors, kNotes});
  scratch.run("INSERT INTO authors VALUES ('ann')");
  scratch.run("INSERT INTO notes VALUES ('a', 'ann')");
  const Migration rebuild{.version = 3, .name = "rebuild", .sql = R"sql(
      CREATE TABLE new_authors (name TEXT PRIMARY KEY, born INTEGER);
      INSERT INTO new_authors (name) SELECT name FROM authors;
      DROP TABLE authors;
      ALTER TABLE new_authors RENAME TO authors;
    )sql"};
  scratch.database.migrate(Steps{kAuthors, kNotes, rebuild});
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes JOIN authors ON name = author WHERE born IS NULL"), 1);
  EXPECT_FALSE(scratch.database.write([](WriteTransaction& transaction) {
    return transaction.execute("DELETE FROM authors");
  })) << "and the key is enforced afterwards";
}

TEST(Migration, TakesASnapshotBeforeTheFirstStepOfADatabaseThatHoldsData) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  EXPECT_THAT(backups(scratch), IsEmpty()) << "there was nothing to lose";
  scratch.run("INSERT INTO authors VALUES ('ann')");
  scratch.database.migrate(Steps{kAuthors});
  EXPECT_THAT(backups(scratch), IsEmpty()) << "nothing is pending";
  scratch.database.migrate(kAll);
  ASSERT_THAT(backups(scratch), ElementsAre(scratch.folder / "backups" / "notes-20260101T000000Z.db"));
  const Database copy = Database::open({.path = backups(scratch).front()});
  copy.read([](ReadTransaction& transaction) {
    EXPECT_THAT(transaction.query<std::string>("SELECT name FROM authors"), ElementsAre("ann"));
    EXPECT_THAT(transaction.query<int>("SELECT version FROM schema_migrations"), ElementsAre(1));
  });
}

TEST(Migration, DoesNotBeginWithoutItsSnapshot) {
  Scratch scratch;
  scratch.settings.backup_dir = scratch.folder.write("a-file", "") / "backups";
  const Database database = scratch.open();
  database.migrate(Steps{kAuthors});
  EXPECT_ANY_THROW(database.migrate(kAll));
  EXPECT_THAT(versions(scratch), ElementsAre(1));
}

TEST(Migration, AdoptsTheTableOfAGoService) {
  const Scratch scratch;
  scratch.run(
      "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
      "applied_at TEXT NOT NULL DEFAULT '')");
  scratch.run("CREATE TABLE authors (name TEXT PRIMARY KEY)");
  scratch.run("INSERT INTO schema_migrations VALUES (1, 'create_authors', '2024-05-01T10:00:00Z')");
  scratch.database.migrate(kAll);
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
  EXPECT_EQ(scratch.get<std::string>("SELECT checksum FROM schema_migrations WHERE version = 1"), checksum(kAuthors));
  EXPECT_EQ(scratch.get<std::string>("SELECT applied_at FROM schema_migrations WHERE version = 1"),
            "2024-05-01T10:00:00Z");
  Migration edited = kAuthors;
  edited.sql = "CREATE TABLE authors (id)";
  refusal(scratch, {edited, kNotes, kRead});
}

TEST(Migration, DoesNotTouchTheTableOfAGoServiceThatItRefuses) {
  const Scratch scratch;
  scratch.run("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT)");
  scratch.run("INSERT INTO schema_migrations VALUES (9, 'later', '2024-05-01T10:00:00Z')");
  refusal(scratch, {kAuthors});
  EXPECT_EQ(scratch.get("SELECT count(*) FROM pragma_table_info('schema_migrations')"), 3);
}

TEST(Migration, RunsOnceHoweverManyDatabasesMigrateAtOnce) {
  const Scratch scratch;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        try {
          Database::open(scratch.settings).migrate(kAll);
        } catch (const std::exception& problem) {
          ADD_FAILURE() << problem.what();
          ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(versions(scratch), ElementsAre(1, 2, 5));
}

std::string checksum_of(std::string_view sql) {
  return checksum({.version = 1, .name = "x", .sql = sql});
}

TEST(MigrationChecksum, IsTheSha256OfTheTextWithSingleSpaces) {
  EXPECT_EQ(checksum_of("SELECT 1"), "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5");
}

TEST(MigrationChecksum, DoesNotSeeLayoutOrComments) {
  const std::string plain = checksum_of("CREATE TABLE a (x, y)");
  EXPECT_EQ(checksum_of("\n\tCREATE  TABLE\r\n a (x,\n y)  \n"), plain);
  EXPECT_EQ(checksum_of("-- what it's for\nCREATE TABLE a -- the 'table'\n (x, y)"), plain);
  EXPECT_EQ(checksum_of("CREATE /* it's\n * one */ TABLE a (x, y) -- end"), plain);
  EXPECT_EQ(checksum_of("CREATE TABLE a (x, y) /* never ended"), plain);
}

TEST(MigrationChecksum, SeesEveryChangeOfMeaning) {
  const auto differ = [](std::string_view one, std::string_view other) {
    EXPECT_NE(checksum_of(one), checksum_of(other)) << one << " | " << other;
  };
  differ("SELECT 1", "SELECT 2");
  differ("SELECT 1", "SELECT1");
  differ("SELECT 'a  b'", "SELECT 'a b'");
  differ("SELECT \"a\nb\"", "SELECT \"a b\"");
  differ("SELECT [a  b]", "SELECT [a b]");
  differ("SELECT `a  b`", "SELECT `a b`");
  differ("SELECT 'it''s  so'", "SELECT 'it''s so'");
  differ("SELECT 1 -- and\n+ 2", "SELECT 1 -- and + 2");
  differ("SELECT '--  x'", "SELECT '-- x'");
  differ("SELECT '/* x */'", "SELECT ''");
  differ("-- it's\nSELECT 'a  b'", "-- it's\nSELECT 'a b'");
}

}  // namespace
}  // namespace mcdsl::db
