#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"
#include "mcdsl/service/run_for_test.h"

namespace mcdsl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;

constexpr db::Migration kNotes{
    .version = 1, .name = "create_notes", .sql = "\n    CREATE TABLE notes (slug TEXT);\n  "};
constexpr db::Migration kTags{.version = 2,
                              .name = "add_tags",
                              .sql = "CREATE TABLE tags (name TEXT)",
                              .code = [](db::WriteTransaction& transaction) {
                                value_or_throw(transaction.execute("INSERT INTO tags SELECT slug FROM notes"));
                              }};
constexpr db::Migration kPrune{.version = 10, .name = "prune", .sql = "DELETE FROM notes"};

using Steps = std::vector<db::Migration>;

// `notes migrate ...` of a service whose database is notes.db.
class MigrateCommand : public testing::RunTest {
 protected:
  Outcome migrate(const Steps& steps, std::vector<std::string> words = {}) {
    words.insert(words.begin(), "migrate");
    words.insert(words.end(), {"--config", config_});
    Outcome outcome = run_with(std::move(words), [](Service&) {}, {.name = "notes", .migrations = steps});
    // Durations and times differ from run to run, paths from test to test.
    const auto replace = [&](const char* pattern, const char* by) {
      outcome.out = std::regex_replace(outcome.out, std::regex(pattern), by);
    };
    replace(R"(\b[0-9.]+(s|ms|µs)( +|\n))", "TOOK$2");
    replace(R"(TOOK +)", "TOOK ");
    replace(R"(\b20\d\d-\d\d-\d\dT[0-9:.]+Z)", "WHEN");
    replace(R"(notes-\d+T\d+Z)", "notes-WHEN");
    replace(R"(/\S*/mcdsl-[^/]*/)", "/");
    return outcome;
  }

  // A database at version 1 with two notes.
  void fill() {
    const auto database = db::Database::open({.path = path_});
    database.migrate(Steps{kNotes});
    value_or_throw(database.write([](db::WriteTransaction& transaction) {
      return transaction.execute("INSERT INTO notes VALUES ('a'), ('b')");
    }));
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }

  std::filesystem::path path_ = folder_ / "notes.db";
  std::string config_ = configure("[database]\npath = \"" + path_.string() + "\"\n");
};

TEST_F(MigrateCommand, BringsTheSchemaUpToDateAndSaysWhatItDid) {
  EXPECT_EQ(migrate({kNotes}).out, "migrated 1 (create_notes) in TOOK\ndatabase /notes.db is at version 1\n");
  const Outcome outcome = migrate({kNotes, kTags, kPrune});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "snapshot /backups/notes-WHEN.db\n"
            "migrated 2 (add_tags) in TOOK\n"
            "migrated 10 (prune) in TOOK\n"
            "database /notes.db is at version 10\n");
  EXPECT_EQ(migrate({kNotes, kTags, kPrune}).out, "database /notes.db is at version 10: nothing was pending\n");
}

// What a database holds, but for when its migrations ran.
std::vector<std::string> content_of(const std::filesystem::path& path) {
  return db::Database::open({.path = path}).read([](db::ReadTransaction& transaction) {
    std::vector<std::string> content = transaction.query<std::string>("SELECT sql FROM sqlite_schema");
    for (auto& [name, checksum] : transaction.query<std::tuple<std::string, std::string>>(
             "SELECT name, checksum FROM schema_migrations ORDER BY version")) {
      content.push_back(name + checksum);
    }
    return content;
  });
}

TEST_F(MigrateCommand, DoesToTheDatabaseWhatTheServerDoes) {
  const Steps steps{kNotes, kTags};
  migrate(steps);
  const auto by_server = folder_ / "server.db";
  const std::string file = configure("[database]\npath = \"" + by_server.string() + "\"\n");
  run_with({"server", "--config", file}, [&](Service& service, const testing::NotesConfig& config) {
    db::Database::open(config.database, {.logger = service.logger()}).migrate(steps);
  });
  EXPECT_EQ(content_of(path_), content_of(by_server));
}

TEST_F(MigrateCommand, PlansWithTheSqlOfEachPendingStep) {
  fill();
  const Outcome outcome = migrate({kNotes, kTags, kPrune}, {"plan"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "-- migration 2 (add_tags)\n"
            "CREATE TABLE tags (name TEXT)\n"
            "-- and then code of the program\n"
            "-- migration 10 (prune)\n"
            "DELETE FROM notes\n");
  EXPECT_EQ(migrate({kNotes}, {"plan"}).out, "-- nothing is pending\n");
  const Outcome refused = migrate({kTags}, {"plan"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("migration 1 (create_notes) ran here but is missing"));
}

TEST_F(MigrateCommand, ShowsAllStepsInATable) {
  fill();
  EXPECT_EQ(migrate({kNotes, kTags, kPrune}, {"status"}).out,
            "VERSION  NAME          APPLIED\n"
            "1        create_notes  WHEN\n"
            "2        add_tags      pending\n"
            "10       prune         pending\n");
  db::Migration edited = kNotes;
  edited.sql = "SELECT 1";
  const Outcome outcome = migrate({edited, kTags}, {"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("WHEN  refused\n2        add_tags"),
                                 HasSubstr("\nmigration 1 (create_notes) was edited after it ran here: ")));
}

TEST_F(MigrateCommand, VerifiesWithAnExitCode) {
  fill();
  const Outcome sound = migrate({kNotes, kTags}, {"verify"});
  EXPECT_EQ(sound.code, 0);
  EXPECT_EQ(sound.out, "database /notes.db is sound, 1 step pending\n");
  db::Migration edited = kNotes;
  edited.sql = "SELECT 1";
  const Outcome unsound = migrate({{.version = 0, .name = "zero", .sql = ""}, edited}, {"verify"});
  EXPECT_EQ(unsound.code, 1);
  EXPECT_THAT(unsound.out, AllOf(HasSubstr("migration 0 (zero)"), HasSubstr("migration 1 (create_notes) was edited")));
  EXPECT_EQ(std::ranges::count(unsound.out, '\n'), 2) << unsound.out;
}

TEST_F(MigrateCommand, RehearsesOnACopy) {
  fill();
  const auto before = files();
  const Outcome outcome = migrate({kNotes, kTags, kPrune}, {"rehearse"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "VERSION  NAME      TOOK ROWS\n"
            "2        add_tags  TOOK tags new -> 2\n"
            "10       prune     TOOK notes 2 -> 0\n"
            "2 steps ran on a copy; database /notes.db is as it was\n");
  EXPECT_EQ(files(), before);
  EXPECT_EQ(migrate({kNotes}, {"rehearse"}).out, "nothing is pending\n");
  const Outcome failed = migrate({kNotes, {.version = 2, .name = "broken", .sql = "SELECT nothing"}}, {"rehearse"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("rehearsal on a copy of"), HasSubstr("migration 2 (broken)")));
  EXPECT_EQ(std::ranges::count(failed.err, '\n'), 1);
  EXPECT_EQ(files(), before);
}

TEST_F(MigrateCommand, OnlyMakesADatabaseWhereItIsToldTo) {
  const Outcome plan = migrate({kNotes}, {"plan"});
  EXPECT_EQ(plan.out,
            "-- database /notes.db is not there yet: every step is pending\n"
            "-- migration 1 (create_notes)\n"
            "    CREATE TABLE notes (slug TEXT);\n");
  EXPECT_EQ(migrate({kNotes}, {"status"}).out,
            "database /notes.db is not there yet: every step is pending\n"
            "VERSION  NAME          APPLIED\n"
            "1        create_notes  pending\n");
  for (const char* word : {"verify", "rehearse"}) {
    const Outcome outcome = migrate({kNotes}, {word});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "notes: database " + path_.string() + " is not there\n");
  }
  EXPECT_THAT(files(), ElementsAre("notes.toml"));
  migrate({kNotes});
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(MigrateCommand, RefusesInOneLine) {
  fill();
  const Outcome outcome = migrate({kTags});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("put it back"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

TEST_F(MigrateCommand, SaysThatThereIsNoDatabase) {
  config_ = configure();
  for (const Outcome& outcome : {migrate({kNotes}), migrate({kNotes}, {"status"})}) {
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("database.path is empty"));
  }
}

TEST_F(MigrateCommand, IsThereOnlyForAProgramWithMigrations) {
  EXPECT_EQ(migrate({}).code, 64);
  EXPECT_THAT(run({"--help"}).out, ::testing::Not(HasSubstr("migrate")));
  EXPECT_THAT(run_with({"--help"}, [](Service&) {}, {.name = "notes", .migrations = Steps{kNotes}}).out,
              HasSubstr("migrate"));
  EXPECT_EQ(migrate({kNotes}, {"dance"}).code, 64);
  EXPECT_EQ(migrate({kNotes}, {"plan", "status"}).code, 64);
  EXPECT_THAT(files(), ElementsAre("notes.toml"));
}

}  // namespace
}  // namespace mcdsl
