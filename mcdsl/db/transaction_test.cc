#include "mcdsl/db/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Scratch;
using testing::thrown_by;

struct NotesDatabase : Scratch {
  NotesDatabase() {
    run("CREATE TABLE authors (name TEXT PRIMARY KEY) STRICT");
    run("CREATE TABLE notes (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, size INTEGER CHECK (size >= 0), "
        "author TEXT REFERENCES authors) STRICT");
  }

  // The error of one statement; unknown where it had none.
  [[nodiscard]] Error refusal_of(std::string_view sql) const {
    const auto result = database.write([&](WriteTransaction& transaction) { return transaction.execute(sql); });
    return result ? Error(Code::unknown, "it ran") : result.error();
  }

  [[nodiscard]] std::int64_t notes() const { return get("SELECT count(*) FROM notes"); }
};

TEST(Transaction, TellsApartWhichConstraintWasBroken) {
  const NotesDatabase scratch;
  scratch.run("INSERT INTO notes (id, slug) VALUES (1, 'a')");
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (slug) VALUES ('a')").code(), Code::already_exists);
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (id, slug) VALUES (1, 'b')").code(), Code::already_exists);
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (slug) VALUES (NULL)").code(), Code::failed_precondition);
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (slug, size) VALUES ('b', -1)").code(), Code::failed_precondition);
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (slug, size) VALUES ('b', 'x')").code(), Code::failed_precondition);
  EXPECT_EQ(scratch.refusal_of("INSERT INTO notes (slug, author) VALUES ('b', 'nobody')").code(),
            Code::failed_precondition);
  EXPECT_EQ(scratch.notes(), 1);
}

TEST(Transaction, NamesTheDatabaseAndTheColumnInAConstraintsErrorAndShowsTheClientNeither) {
  const NotesDatabase scratch;
  scratch.run("INSERT INTO notes (slug) VALUES ('secret-slug')");
  const Error error = scratch.refusal_of("INSERT INTO notes (slug) SELECT slug FROM notes");
  EXPECT_THAT(error.message(), HasSubstr(scratch.settings.path.string()));
  EXPECT_THAT(error.message(), HasSubstr("notes.slug"));
  EXPECT_THAT(error.to_string(), Not(HasSubstr("secret-slug")));
  EXPECT_THAT(std::string(error.public_text()), Not(HasSubstr("slug")));
}

TEST(Transaction, GoesOnAfterABrokenConstraint) {
  const NotesDatabase scratch;
  value_or_throw(scratch.database.write([](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
    EXPECT_FALSE(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('b')"));
  }));
  EXPECT_EQ(scratch.notes(), 2);
}

TEST(Transaction, CountsTheRowsThatAStatementChanged) {
  const NotesDatabase scratch;
  value_or_throw(scratch.database.write([](WriteTransaction& transaction) {
    EXPECT_EQ(transaction.execute("INSERT INTO notes (slug) VALUES ('a'), ('b'), ('c')"), 3);
    EXPECT_EQ(transaction.execute("UPDATE notes SET size = 1 WHERE slug <> 'a'"), 2);
    EXPECT_EQ(transaction.execute("UPDATE notes SET size = 1 WHERE slug = 'none'"), 0);
    EXPECT_EQ(transaction.execute("CREATE TABLE more (x)"), 0) << "not the count of the statement before";
    EXPECT_EQ(transaction.execute("DELETE FROM notes"), 3);
    EXPECT_EQ(transaction.execute("DROP TABLE more"), 0);
  }));
}

TEST(Transaction, GivesTheRowsThatRETURNINGNames) {
  const NotesDatabase scratch;
  const auto ids = scratch.database.write([](WriteTransaction& transaction) {
    return transaction.execute_returning<std::int64_t>(
        "INSERT INTO notes (id, slug) VALUES (5, ?1), (6, ?2) RETURNING id", "a", "b");
  });
  EXPECT_THAT(ids.value(), ElementsAre(5, 6));
  const auto again = scratch.database.write([](WriteTransaction& transaction) {
    return transaction.execute_returning<std::int64_t>("INSERT INTO notes (slug) VALUES ('a') RETURNING id");
  });
  EXPECT_EQ(again.error().code(), Code::already_exists);
}

TEST(Transaction, SeesItsOwnChanges) {
  const NotesDatabase scratch;
  value_or_throw(scratch.database.write([](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
    EXPECT_THAT(transaction.query<std::string>("SELECT slug FROM notes"), ElementsAre("a"));
  }));
}

TEST(Transaction, GivesNoRowAsNulloptAndNoRowsAsAnEmptyVector) {
  const NotesDatabase scratch;
  scratch.database.read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<std::string>("SELECT slug FROM notes"), std::nullopt);
    EXPECT_THAT(transaction.query<std::string>("SELECT slug FROM notes"), IsEmpty());
  });
}

TEST(Transaction, RunsAQueryInsideTheRowsOfTheSameQuery) {
  const Scratch scratch;
  constexpr std::string_view kDown = "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2) WHERE n > ?1 ORDER BY n";
  std::vector<std::pair<int, int>> pairs;
  scratch.database.read([&](ReadTransaction& transaction) {
    transaction.for_each<int>(
        kDown,
        [&](int outer) {
          transaction.for_each<int>(kDown, [&](int inner) { pairs.emplace_back(outer, inner); }, 0);
          EXPECT_EQ(transaction.query_one<int>(kDown, 1), 2);
        },
        0);
  });
  EXPECT_THAT(pairs, ElementsAre(std::pair(1, 1), std::pair(1, 2), std::pair(2, 1), std::pair(2, 2)));
}

TEST(Transaction, StopsReadingWhereTheCallerHasEnough) {
  const Scratch scratch;
  std::vector<int> seen;
  const auto stop_at_three = [&](ReadTransaction& transaction) {
    transaction.for_each<int>("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                              [&](int i) {
                                seen.push_back(i);
                                return i < 3;
                              });
  };
  scratch.database.read(stop_at_three);
  scratch.database.read(stop_at_three);
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST(Transaction, StreamsRowsOneByOneAndEndsWithAnException) {
  const Scratch scratch;
  int seen = 0;
  const auto stop_at_three = [&](ReadTransaction& transaction) {
    transaction.for_each<int>(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",  // has no end
        [&](int i) {
          seen = i;
          if (i == 3) {
            throw std::runtime_error("enough");
          }
        });
  };
  EXPECT_THROW(scratch.database.read(stop_at_three), std::runtime_error);
  EXPECT_EQ(seen, 3);
  EXPECT_THROW(scratch.database.read(stop_at_three), std::runtime_error) << "the statement can be used again";
}

TEST(Transaction, KeepsWorkingPastTheNumberOfStatementsItRemembers) {
  const Scratch scratch;
  scratch.database.read([](ReadTransaction& transaction) {
    transaction.for_each<int>("SELECT 1 UNION ALL SELECT 2", [&](int /*row*/) {
      for (int i = 0; i < 600; ++i) {
        ASSERT_EQ(transaction.query_one<int>("SELECT " + std::to_string(i)), i);
      }
    });
  });
}

TEST(Transaction, ThrowsForSqlThatIsWrong) {
  const NotesDatabase scratch;
  const auto error_of = [&](std::string_view sql) { return thrown_by([&] { (void)scratch.refusal_of(sql); }); };
  for (const std::string_view sql :
       {"SELEC 1", "", "  ; ", "SELECT 1; SELECT 2", "INSERT INTO nothing VALUES (1)", "SELECT 1; DROP TABLE notes"}) {
    EXPECT_EQ(error_of(sql).code(), Code::internal) << sql;
    EXPECT_THAT(error_of(sql).message(), HasSubstr(std::string(sql)));
  }
  EXPECT_EQ(error_of(std::string_view("SELECT 1\0; DROP TABLE notes", 27)).code(), Code::internal);
  EXPECT_EQ(scratch.notes(), 0);
}

TEST(Transaction, CountsTheParameters) {
  const Scratch scratch;
  scratch.database.read([](ReadTransaction& transaction) {
    const Error fewer = thrown_by([&] { (void)transaction.query<int>("SELECT ?1 + ?2", 1); });
    EXPECT_EQ(fewer.code(), Code::internal);
    EXPECT_THAT(fewer.message(), HasSubstr("2 parameters, not 1"));
    EXPECT_THROW((void)transaction.query<int>("SELECT ?1", 1, 2), Exception);
    EXPECT_THROW((void)transaction.query<int>("SELECT 1", 1), Exception);
    EXPECT_EQ(transaction.query_one<int>("SELECT ?1 + ?2", 1, 2), 3) << "no parameter is left over from before";
  });
}

TEST(Transaction, DoesNotWriteWhereItReads) {
  const NotesDatabase scratch;
  const auto write = [](ReadTransaction& transaction) {
    (void)transaction.query<int>("INSERT INTO notes (slug) VALUES ('a') RETURNING id");
  };
  EXPECT_THROW(scratch.database.read(write), Exception);
  const auto unlock = [&](ReadTransaction& transaction) {
    (void)transaction.query<int>("PRAGMA query_only = OFF");
    write(transaction);
  };
  EXPECT_THROW(scratch.database.read(unlock), Exception);
  EXPECT_EQ(scratch.notes(), 0);
}

class Reserved : public ::testing::TestWithParam<const char*> {};

TEST_P(Reserved, IsRefusedInsideAJob) {
  const NotesDatabase scratch;
  for (int again = 0; again < 2; ++again) {
    const Error error = thrown_by([&] {
      (void)scratch.database.write([](WriteTransaction& transaction) {
        value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('a')"));
        value_or_throw(transaction.execute(GetParam()));
      });
    });
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.message(), HasSubstr("not authorized"));
    EXPECT_EQ(scratch.notes(), 0) << "what the job did before is undone";
    EXPECT_THROW(scratch.database.read([](ReadTransaction& transaction) { (void)transaction.query<int>(GetParam()); }),
                 Exception);
  }
  scratch.run("INSERT INTO notes (slug) VALUES ('a')");
  EXPECT_EQ(scratch.notes(), 1);
}

INSTANTIATE_TEST_SUITE_P(Statements, Reserved,
                         ::testing::Values("COMMIT", "ROLLBACK", "BEGIN", "BEGIN IMMEDIATE", "END", "SAVEPOINT job",
                                           "RELEASE job", "ROLLBACK TO job", "ATTACH ':memory:' AS other",
                                           "DETACH main", "PRAGMA foreign_keys = OFF", "PRAGMA query_only = OFF",
                                           "PRAGMA synchronous = OFF", "PRAGMA journal_mode = DELETE",
                                           "PRAGMA writable_schema = ON", "PRAGMA busy_timeout = 0"));

TEST(Transaction, MayAskForWhatThePragmasSay) {
  const NotesDatabase scratch;
  EXPECT_EQ(scratch.get("PRAGMA foreign_keys"), 1);
  EXPECT_EQ(scratch.get("SELECT count(*) FROM pragma_table_info('notes')"), 4);
  EXPECT_EQ(scratch.get<std::string>("PRAGMA quick_check(1)"), "ok");
}

TEST(Transaction, IsLostAsAWholeWhereAStatementRollsItBack) {
  const NotesDatabase scratch;
  scratch.run("INSERT INTO notes (slug) VALUES ('taken')");
  const auto ignore_the_error = [](WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('before')"));
    EXPECT_FALSE(transaction.execute("INSERT OR ROLLBACK INTO notes (slug) VALUES ('taken')"));
  };
  EXPECT_EQ(scratch.database.write(ignore_the_error).error().code(), Code::aborted);
  EXPECT_EQ(scratch.notes(), 1);
  const auto go_on = [&](WriteTransaction& transaction) {
    ignore_the_error(transaction);
    value_or_throw(transaction.execute("INSERT INTO notes (slug) VALUES ('after')"));
  };
  EXPECT_EQ(thrown_by([&] { (void)scratch.database.write(go_on); }).code(), Code::aborted);
  EXPECT_EQ(scratch.notes(), 1) << "nothing is written outside the transaction";
}

}  // namespace
}  // namespace mcdsl::db
