#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "mcdsl/base/file.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::AllOf;
using testing::create_go_table;
using ::testing::ElementsAre;
using testing::entries;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAll;
using testing::kAuthors;
using testing::kNotes;
using testing::kRead;
using testing::Scratch;
using testing::Steps;
using testing::thrown_by;

// The problem of the step with a version.
std::string problem_of(const std::vector<MigrationStep>& steps, std::int64_t version) {
  const auto step = std::ranges::find(steps, version, &MigrationStep::version);
  return step == steps.end() ? "no such step" : step->problem;
}

// A database file whose owner has gone, and all that lies beside it.
struct ClosedDatabase {
  template <class Fill>
  explicit ClosedDatabase(Fill fill) {
    const Scratch scratch;
    fill(scratch);
    std::filesystem::create_directory(folder / "backups");
    scratch.database.snapshot(path);
  }

  [[nodiscard]] std::string bytes() const { return read_file(path).value(); }

  mcdsl::testing::TempDir folder;
  std::filesystem::path path = folder / "notes.db";
};

TEST(MigrationStatus, ShowsWhatRanAndWhatIsPending) {
  const Scratch scratch;
  scratch.database.migrate(Steps{kAuthors});
  const auto steps = migration_status(scratch.settings, kAll);
  ASSERT_EQ(steps.size(), 3);
  EXPECT_EQ(steps[0].version, 1);
  EXPECT_EQ(steps[0].name, "create_authors");
  EXPECT_EQ(steps[0].applied_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(steps[1].applied_at, std::nullopt);
  EXPECT_EQ(steps[2].version, 5);
  for (const MigrationStep& step : steps) {
    EXPECT_EQ(step.problem, "");
  }
}

TEST(MigrationStatus, TakesAFileThatIsNotThereForAllPendingAndMakesNone) {
  const mcdsl::testing::TempDir folder;
  const auto steps = migration_status({.path = folder / "notes.db"}, kAll);
  ASSERT_EQ(steps.size(), 3);
  EXPECT_TRUE(std::ranges::none_of(steps, [](const MigrationStep& step) { return step.applied_at.has_value(); }));
  EXPECT_THAT(entries(folder.path()), IsEmpty());
}

TEST(MigrationStatus, ShowsEveryProblemAtOnce) {
  const Scratch scratch;
  const Migration gone{.version = 3, .name = "gone", .sql = ""};
  const Migration latest{.version = 9, .name = "latest", .sql = ""};
  scratch.database.migrate(Steps{kAuthors, gone, latest});
  Migration edited = kAuthors;
  edited.sql = "CREATE TABLE authors (id)";
  const Migration last{.version = 7, .name = "last", .sql = ""};
  const auto steps = migration_status(scratch.settings, Steps{edited, kNotes, last});
  ASSERT_EQ(steps.size(), 5);
  EXPECT_THAT(problem_of(steps, 1), HasSubstr("migration 1 (create_authors) was edited"));
  EXPECT_THAT(problem_of(steps, 2), HasSubstr("migration 2 (create_notes) never ran here"));
  EXPECT_THAT(problem_of(steps, 3), HasSubstr("migration 3 (gone) ran here but is missing"));
  EXPECT_THAT(problem_of(steps, 7), HasSubstr("migration 7 (last) never ran here"));
  EXPECT_THAT(problem_of(steps, 9), HasSubstr("migration 9 (latest) ran here but is unknown"));
  EXPECT_EQ(steps[2].name, "gone") << "as the database has it";
}

TEST(MigrationStatus, ReadsTheRecordsOfAGoServiceAndLeavesTheFileAsItIs) {
  const ClosedDatabase closed([](const Scratch& scratch) {
    scratch.run("CREATE TABLE schema_migrations (version INTEGER, name TEXT, applied_at TEXT)");
    scratch.run("INSERT INTO schema_migrations VALUES (1, 'create_authors', '2024-05-01 10:00:00'), (2, NULL, NULL)");
  });
  const std::string before = closed.bytes();
  const auto steps = migration_status({.path = closed.path}, kAll);
  ASSERT_EQ(steps.size(), 3);
  EXPECT_EQ(steps[0].applied_at, "2024-05-01 10:00:00");
  EXPECT_EQ(steps[1].applied_at, "");
  EXPECT_EQ(steps[2].applied_at, std::nullopt);
  EXPECT_THAT(verify_migrations({.path = closed.path}, kAll), IsEmpty());
  EXPECT_EQ(closed.bytes(), before) << "a journal mode is in them too";
  EXPECT_EQ(entries(closed.folder.path()).size(), 2) << "the database and its backups";
}

TEST(MigrationCheck, FindsNothingWrongWithASoundDatabase) {
  const Scratch scratch;
  EXPECT_THAT(verify_migrations(scratch.settings, kAll), IsEmpty()) << "what is pending is not wrong";
  scratch.database.migrate(kAll);
  EXPECT_THAT(verify_migrations(scratch.settings, kAll), IsEmpty());
}

// Runs statements as the shell would: foreign keys are not enforced, and settings are free.
void run_behind_its_back(const config::Database& settings, const std::string& sql) {
  internal::Connection connection(settings, internal::Connection::Role::migrator);
  ASSERT_EQ(connection.run_script(sql), SQLITE_OK) << sql;
}

TEST(MigrationCheck, ListsEverythingThatIsWrong) {
  const Scratch scratch;
  const Migration create{.version = 1, .name = "create", .sql = R"sql(
      CREATE TABLE authors (name TEXT PRIMARY KEY);
      CREATE TABLE links (author TEXT PRIMARY KEY REFERENCES authors) WITHOUT ROWID;
      CREATE TABLE notes (author TEXT REFERENCES authors, stars INTEGER CHECK (stars > 0));
    )sql"};
  scratch.database.migrate(Steps{create, {.version = 2, .name = "newer", .sql = ""}});
  run_behind_its_back(scratch.settings, R"sql(
      INSERT INTO links VALUES ('ann');
      INSERT INTO notes VALUES ('ann', 1), ('bob', 1), ('cid', 1);
      PRAGMA ignore_check_constraints = ON;
      INSERT INTO notes VALUES (NULL, -1);
    )sql");
  Migration edited = create;
  edited.sql = "SELECT 1";
  EXPECT_THAT(verify_migrations(scratch.settings, Steps{edited}),
              ElementsAre(HasSubstr("migration 1 (create) was edited"), HasSubstr("migration 2 (newer) ran here"),
                          "a row of links refers to a row that authors does not have",
                          "notes row 1 refers to a row that authors does not have, and 2 more like it",
                          HasSubstr("CHECK constraint failed in notes")));
}

TEST(MigrationCheck, GoesOnBehindWhatItCannotCheck) {
  const Scratch scratch;
  run_behind_its_back(scratch.settings, R"sql(
      CREATE TABLE schema_migrations (version INTEGER, dirty INTEGER);
      CREATE TABLE authors (name TEXT);
      CREATE TABLE notes (author TEXT REFERENCES authors (name), stars INTEGER CHECK (stars > 0));
      PRAGMA ignore_check_constraints = ON;
      INSERT INTO notes VALUES ('ann', -1);
    )sql");
  EXPECT_THAT(verify_migrations(scratch.settings, kAll),
              ElementsAre(HasSubstr("another tool"), HasSubstr("foreign key mismatch"), HasSubstr("CHECK constraint")));
}

TEST(MigrationCheck, SeesADamagedFile) {
  const ClosedDatabase closed([](const Scratch& scratch) {
    scratch.database.migrate(kAll);
    scratch.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
        "INSERT INTO authors SELECT hex(randomblob(100)) FROM n");
  });
  {
    std::fstream file(closed.path, std::ios::in | std::ios::out | std::ios::binary);
    for (const int page : {20, 21, 22}) {
      file.seekp(static_cast<std::streamoff>(page) * 4096);
      file << std::string(100, '\xFF');
    }
  }
  const auto findings = verify_migrations({.path = closed.path}, kAll);
  EXPECT_GT(findings.size(), 1) << "each is listed";
  EXPECT_THAT(findings, ::testing::Each(::testing::Not(HasSubstr("\n"))));
}

TEST(MigrationCheck, NamesTheFileThatIsNotThere) {
  const mcdsl::testing::TempDir folder;
  const config::Database settings{.path = folder / "notes.db"};
  for (const Error& error : {thrown_by([&] { (void)verify_migrations(settings, kAll); }),
                             thrown_by([&] { (void)rehearse_migrations(settings, kAll); })}) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_EQ(error.message(), "database " + settings.path.string() + " is not there");
  }
  EXPECT_THAT(entries(folder.path()), IsEmpty());
}

// A database with an author and two notes, before the steps that a rehearsal is about.
struct NotesDatabase : Scratch {
  NotesDatabase() {
    database.migrate(Steps{kAuthors, kNotes});
    run("INSERT INTO authors VALUES ('ann')");
    run("INSERT INTO notes VALUES ('a', 'ann'), ('b', 'ann')");
  }

  // What a rehearsal must leave as it is.
  [[nodiscard]] std::vector<std::string> state() const {
    std::vector<std::string> names;
    for (const auto& entry : entries(folder.path())) {
      names.push_back(entry.filename());
    }
    std::ranges::sort(names);
    names.push_back(get<std::string>("SELECT group_concat(sql, ';') FROM sqlite_schema"));
    names.push_back(get<std::string>("SELECT group_concat(version) FROM schema_migrations"));
    names.push_back(std::to_string(get("SELECT count(*) FROM notes")));
    return names;
  }
};

constexpr Migration kPrune{.version = 6, .name = "prune", .sql = R"sql(
    DELETE FROM notes WHERE slug = 'b';
    CREATE TABLE tags (name TEXT);
    CREATE TABLE "odd ""name" (x);
    INSERT INTO tags VALUES ('x'), ('y'), ('z');
  )sql"};

Error failed_rehearsal(const NotesDatabase& scratch, const Migration& last) {
  const auto before = scratch.state();
  Error error = thrown_by(
      [&] { (void)rehearse_migrations(scratch.settings, Steps{kAuthors, kNotes, kRead, last}, scratch.clock); });
  EXPECT_EQ(scratch.state(), before);
  return error;
}

TEST(Rehearsal, RunsThePendingStepsAndLeavesTheDatabaseAsItWas) {
  const NotesDatabase scratch;
  const auto before = scratch.state();
  const MigrationReport report =
      rehearse_migrations(scratch.settings, Steps{kAuthors, kNotes, kRead, kPrune}, scratch.clock);
  EXPECT_EQ(scratch.state(), before);
  EXPECT_EQ(report.snapshot, "");
  ASSERT_EQ(report.steps.size(), 2);
  EXPECT_EQ(report.steps[0].name, "add_read");
  EXPECT_THAT(report.steps[0].tables, IsEmpty());
  EXPECT_EQ(report.steps[1].version, 6);
  using Change = std::tuple<std::string, std::optional<std::int64_t>, std::optional<std::int64_t>>;
  std::vector<Change> changes;
  for (const TableChange& change : report.steps[1].tables) {
    changes.emplace_back(change.name, change.rows_before, change.rows_after);
  }
  EXPECT_THAT(changes, ElementsAre(Change("notes", 2, 1), Change("odd \"name", std::nullopt, 0),
                                   Change("tags", std::nullopt, 3)));
}

TEST(Rehearsal, NamesTheTableThatGoes) {
  const NotesDatabase scratch;
  const auto report = rehearse_migrations(
      scratch.settings, Steps{kAuthors, kNotes, {.version = 3, .name = "drop", .sql = "DROP TABLE notes"}});
  ASSERT_EQ(report.steps.at(0).tables.size(), 1);
  EXPECT_EQ(report.steps[0].tables[0].rows_before, 2);
  EXPECT_EQ(report.steps[0].tables[0].rows_after, std::nullopt);
}

TEST(Rehearsal, HasNothingToDoWhereNothingIsPending) {
  const NotesDatabase scratch;
  EXPECT_THAT(rehearse_migrations(scratch.settings, Steps{kAuthors, kNotes}).steps, IsEmpty());
}

TEST(Rehearsal, NamesTheStepThatFailsAndLeavesNothingBehind) {
  const NotesDatabase scratch;
  const Error error = failed_rehearsal(scratch, {.version = 6, .name = "broken", .sql = "INSERT INTO none VALUES (1)"});
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("rehearsal on a copy of " + scratch.settings.path.string()),
                                       HasSubstr("migration 6 (broken)"), HasSubstr("no such table: none")));
}

TEST(Rehearsal, NamesTheStepWhoseCodeFails) {
  const NotesDatabase scratch;
  const Error error = failed_rehearsal(
      scratch, {.version = 6, .name = "coded", .sql = "", .code = [](WriteTransaction& /*transaction*/) {
                  throw Exception(Code::out_of_range, "too many");
                }});
  EXPECT_EQ(error.code(), Code::out_of_range);
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("migration 6 (coded)"), HasSubstr("too many")));
}

TEST(Rehearsal, NamesTheStepThatLeavesABrokenForeignKeyOrRow) {
  const NotesDatabase scratch;
  EXPECT_THAT(failed_rehearsal(scratch, {.version = 6, .name = "orphan", .sql = "DELETE FROM authors"}).to_string(),
              AllOf(HasSubstr("migration 6 (orphan)"), HasSubstr("notes row 1")));
  const Error error = failed_rehearsal(scratch, {.version = 6, .name = "negative", .sql = R"sql(
      CREATE TABLE positive (x CHECK (x > 0));
      PRAGMA ignore_check_constraints = ON;
      INSERT INTO positive VALUES (-1);
    )sql"});
  EXPECT_EQ(error.code(), Code::data_loss);
  EXPECT_THAT(error.to_string(), AllOf(HasSubstr("migration 6 (negative)"), HasSubstr("CHECK constraint failed")));
}

TEST(Rehearsal, RefusesWhatMigrateRefuses) {
  const NotesDatabase scratch;
  const auto before = scratch.state();
  const Error error = thrown_by([&] { (void)rehearse_migrations(scratch.settings, Steps{kAuthors, kRead}); });
  EXPECT_EQ(error.code(), Code::failed_precondition);
  EXPECT_THAT(error.message(), HasSubstr("migration 2 (create_notes) ran here but is missing"));
  EXPECT_EQ(scratch.state(), before);
}

TEST(Rehearsal, AdoptsTheTableOfAGoServiceInTheCopyOnly) {
  const ClosedDatabase closed([](const Scratch& scratch) {
    create_go_table(scratch);
    scratch.run("CREATE TABLE authors (name TEXT PRIMARY KEY)");
    scratch.run("INSERT INTO schema_migrations VALUES (1, 'create_authors', '')");
  });
  const std::string before = closed.bytes();
  EXPECT_EQ(rehearse_migrations({.path = closed.path}, kAll).steps.size(), 2);
  EXPECT_EQ(closed.bytes(), before);
  EXPECT_EQ(entries(closed.folder.path()).size(), 2) << "the database and its backups";
}

TEST(Rehearsal, SweepsUpAfterOneThatWasKilledAndNotAfterOneAtWork) {
  const NotesDatabase scratch;
  const auto before = scratch.state();
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    scratch.folder.write(std::string(".mcdsl-snapshot-killed") + suffix, "");
  }
  const auto at_work = scratch.folder.write(".mcdsl-snapshot-atwork", "");
  const UniqueFd lock(::open(at_work.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  (void)rehearse_migrations(scratch.settings, kAll);
  EXPECT_TRUE(std::filesystem::remove(at_work));
  EXPECT_EQ(scratch.state(), before);
}

}  // namespace
}  // namespace mcdsl::db
