#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/migration_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::AllOf;
using testing::backups;
using testing::create_go_table;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAll;
using testing::kAuthors;
using testing::kNotes;
using testing::kRead;
using testing::refusal;
using testing::Scratch;
using testing::versions;

TEST(Migration, AdoptsTheTableOfAGoService) {
  const Scratch scratch;
  create_go_table(scratch);
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

TEST(Migration, AdoptsATableWhoseVersionsHaveGapsThatTheListHasToo) {
  const Scratch scratch;
  create_go_table(scratch);
  scratch.run("INSERT INTO schema_migrations VALUES (1, 'a', 'x'), (2, 'b', 'x'), (5, 'c', 'x')");
  EXPECT_THAT(scratch.database.migrate(kAll).steps, IsEmpty());
  EXPECT_EQ(scratch.get("SELECT count(*) FROM schema_migrations WHERE checksum IS NOT NULL"), 3);
}

TEST(Migration, DoesNotTouchTheTableOfAGoServiceThatItRefuses) {
  const Scratch scratch;
  create_go_table(scratch);
  scratch.run("INSERT INTO schema_migrations VALUES (1, 'create_authors', ''), (5, 'add_read', '')");
  EXPECT_THAT(refusal(scratch, {kAuthors, kNotes, kRead}),
              AllOf(HasSubstr("migration 2 (create_notes) never ran here"), HasSubstr("version 5")));
  scratch.run("INSERT INTO schema_migrations VALUES (9, 'later', '')");
  scratch.run("DELETE FROM schema_migrations WHERE version = 5");
  EXPECT_THAT(refusal(scratch, {kAuthors}), HasSubstr("migration 9 (later) ran here but is unknown"));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM pragma_table_info('schema_migrations')"), 3);
  EXPECT_THAT(backups(scratch), IsEmpty());
}

TEST(Migration, DoesNotTouchTheTableOfAnotherTool) {
  const Scratch scratch;
  scratch.run("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, dirty INTEGER)");
  EXPECT_THAT(refusal(scratch, {kAuthors}), AllOf(HasSubstr("another tool"), HasSubstr("rename")));
  EXPECT_EQ(scratch.get("SELECT count(*) FROM sqlite_schema WHERE name = 'authors'"), 0);
}

Result<bool> add(const Scratch& scratch, std::string_view table, std::string_view column,
                 std::string_view declaration = "TEXT NOT NULL DEFAULT 'none'") {
  return scratch.database.write(
      [&](WriteTransaction& transaction) { return add_column_if_missing(transaction, table, column, declaration); });
}

TEST(AddColumnIfMissing, AddsItOnce) {
  const Scratch scratch;
  scratch.run("CREATE TABLE notes (slug TEXT, twice TEXT AS (slug || slug))");
  scratch.run("INSERT INTO notes (slug) VALUES ('a')");
  EXPECT_EQ(add(scratch, "notes", "title"), true);
  EXPECT_EQ(add(scratch, "notes", "title"), false);
  EXPECT_EQ(add(scratch, "NOTES", "Title"), false) << "names are the same in any case";
  EXPECT_EQ(add(scratch, "notes", "twice"), false) << "a generated column is one";
  EXPECT_EQ(scratch.get<std::string>("SELECT title FROM notes"), "none");
}

TEST(AddColumnIfMissing, TakesNamesLiterally) {
  const Scratch scratch;
  scratch.run("CREATE TABLE \"or\"\"der; --\" (x)");
  EXPECT_EQ(add(scratch, "or\"der; --", "group \"by\", 'x'"), true);
  EXPECT_EQ(add(scratch, "or\"der; --", "group \"by\", 'x'"), false);
  EXPECT_EQ(scratch.get<std::string>("SELECT name FROM pragma_table_info('or\"der; --') WHERE cid = 1"),
            "group \"by\", 'x'");
}

TEST(AddColumnIfMissing, NamesTheTableThatIsNotThere) {
  const Scratch scratch;
  const auto result = add(scratch, "no'te", "title");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::not_found);
  EXPECT_EQ(result.error().message(), "there is no table \"no'te\" to add the column \"title\" to");
}

TEST(AddColumnIfMissing, IsForTheCodeOfAStepThatAGoServiceMayHaveRun) {
  constexpr std::array kSteps{
      kAuthors, Migration{.version = 2, .name = "add_born", .sql = "", .code = [](WriteTransaction& transaction) {
                            value_or_throw(add_column_if_missing(transaction, "authors", "born", "INTEGER"));
                          }}};
  for (const char* before :
       {"CREATE TABLE authors (name TEXT PRIMARY KEY)", "CREATE TABLE authors (name TEXT PRIMARY KEY, born INTEGER)"}) {
    const Scratch scratch;
    create_go_table(scratch);
    scratch.run(before);
    scratch.run("INSERT INTO schema_migrations VALUES (1, 'create_authors', '')");
    scratch.database.migrate(kSteps);
    scratch.run("INSERT INTO authors (name, born) VALUES ('ann', 1970)");
    EXPECT_EQ(scratch.get("SELECT born FROM authors"), 1970) << before;
  }
}

}  // namespace
}  // namespace mcdsl::db
