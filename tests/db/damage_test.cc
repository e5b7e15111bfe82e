#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "mcdsl/base/file.h"
#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

using testing::TempDir;

std::string whole_database() {
  const TempDir folder;
  {
    const Database database = Database::open({.path = folder / "notes.db"});
    database.migrate(
        std::vector<Migration>{{.version = 1,
                                .name = "notes",
                                .sql = "CREATE TABLE notes (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, body TEXT);"
                                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
                                       "INSERT INTO notes SELECT i, 'slug-' || i, hex(zeroblob(i)) FROM n"}});
  }
  return read_file(folder / "notes.db").value();
}

// Everything that a service does with its file. Errors are welcome; the end of the process is not.
void use(const TempDir& folder) {
  const Database database = Database::open({.path = folder / "notes.db"});
  using Note = std::tuple<std::int64_t, std::optional<std::string>, std::optional<std::string>>;
  database.read([](ReadTransaction& transaction) {
    (void)transaction.query<Note>("SELECT id, slug, body FROM notes ORDER BY slug");
  });
  for (int i = 0; i < 5; ++i) {
    (void)database.write([&](WriteTransaction& transaction) {
      return transaction.execute("UPDATE notes SET body = hex(randomblob(3000)) WHERE id % 5 = ?1", i);
    });
  }
  database.snapshot(folder / "copy.db");
}

TEST(DamagedFile, GivesErrorsAndNeverEndsTheProcess) {
  const std::string whole = whole_database();
  std::mt19937 generator(20260101);
  int errors = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bytes = whole;
    for (int flips = 1 << (round % 10); flips > 0; --flips) {
      bytes[generator() % bytes.size()] = static_cast<char>(generator());
    }
    const TempDir folder;
    (void)folder.write("notes.db", bytes);
    try {
      use(folder);
    } catch (const Exception& problem) {
      EXPECT_NE(problem.error().code(), Code::unavailable);
      ++errors;
    }
  }
  EXPECT_GT(errors, 10) << "damage was found";
}

TEST(DamagedFile, CutShortByAPageOrMoreGivesErrors) {
  constexpr std::size_t kPage = 4096;
  const std::string whole = whole_database();
  for (std::size_t size = 1; size + kPage < whole.size(); size += whole.size() / 12) {
    const TempDir folder;
    (void)folder.write("notes.db", whole.substr(0, size));
    EXPECT_THROW(use(folder), Exception) << size;
  }
}

}  // namespace
}  // namespace mcdsl::db
