#include "mcdsl/db/migration.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db {
namespace {

using testing::backups;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kAll;
using testing::kAuthors;
using testing::kNotes;
using testing::kRead;
using testing::Scratch;
using testing::Steps;
using testing::versions;

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

TEST(Migration, ReportsTheStepsItRan) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  const MigrationReport report = scratch.database.migrate(kAll);
  ASSERT_EQ(report.steps.size(), 2);
  EXPECT_EQ(report.steps[0].version, 2);
  EXPECT_EQ(report.steps[1].name, "add_read");
  EXPECT_EQ(report.snapshot, scratch.folder / "backups" / "notes-20260101T000000Z.db");
  EXPECT_THAT(scratch.database.migrate(kAll).steps, IsEmpty());
}

TEST(Migration, MayHaveAVersionOfAnySizeAndNoSql) {
  const Scratch scratch;
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const Steps steps{{.version = kLargest - 1, .name = "empty", .sql = ""},
                    {.version = kLargest, .name = "comment", .sql = "-- nothing to do\n"}};
  scratch.database.migrate(steps);
  scratch.database.migrate(steps);
  EXPECT_THAT(versions(scratch), ElementsAre(kLargest - 1, kLargest));
}

TEST(Migration, RunsATriggerWhoseBodyHoldsSemicolons) {
  const Scratch scratch;
  scratch.database.migrate(Steps{{.version = 1, .name = "count", .sql = R"sql(
      CREATE TABLE notes (body TEXT);
      CREATE TABLE counts (n INTEGER);
      INSERT INTO counts VALUES (0);  -- it's the only row; ever
      CREATE TRIGGER count_notes AFTER INSERT ON notes BEGIN
        UPDATE counts SET n = n + 1 /* ; */;
        UPDATE counts SET n = n + length(new.body) WHERE new.body LIKE '%;--%';
      END;
    )sql"}});
  scratch.run("INSERT INTO notes VALUES ('a;--b')");
  EXPECT_EQ(scratch.get("SELECT n FROM counts"), 6);
}

TEST(Migration, RunsItsCodeAfterTheSqlInTheSameTransaction) {
  const Scratch scratch;
  constexpr Migration kCoded{.version = 1,
                             .name = "coded",
                             .sql = "CREATE TABLE notes (slug TEXT)",
                             .code = [](WriteTransaction& transaction) {
                               for (const char* slug : {"a", "b"}) {
                                 value_or_throw(transaction.execute("INSERT INTO notes VALUES (?1)", slug));
                               }
                             }};
  scratch.database.migrate(Steps{kCoded});
  scratch.database.migrate(Steps{kCoded});
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes"), 2);
  Migration without_code = kCoded;
  without_code.code = nullptr;
  scratch.database.migrate(Steps{without_code});
}

TEST(Migration, KeepsItsSettingsAndTemporaryTablesToItself) {
  const Scratch scratch;
  const Migration sets{.version = 1, .name = "sets", .sql = R"sql(
      PRAGMA ignore_check_constraints = ON;
      CREATE TEMP TABLE scrap (x);
      CREATE TABLE positive (x CHECK (x > 0));
      INSERT INTO positive VALUES (-1);
    )sql"};
  const auto next = [](std::string_view sql) { return Migration{.version = 2, .name = "next", .sql = sql}; };
  EXPECT_THROW(scratch.database.migrate(Steps{sets, next("INSERT INTO positive VALUES (-2)")}), Exception);
  EXPECT_THROW(scratch.database.migrate(Steps{sets, next("INSERT INTO scrap VALUES (1)")}), Exception);
  EXPECT_THAT(versions(scratch), ElementsAre(1));
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

}  // namespace
}  // namespace mcdsl::db
