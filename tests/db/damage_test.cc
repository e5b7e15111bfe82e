#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

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

// The files of a database as a crash leaves them: rows 1 to 200, one commit each, most of them in the log only.
struct Crashed {
  Crashed() {
    const TempDir folder;
    const Database database = Database::open({.path = folder / "notes.db"});
    const auto run = [&](std::string_view sql, auto... parameters) {
      value_or_throw(
          database.write([&](WriteTransaction& transaction) { return transaction.execute(sql, parameters...); }));
    };
    run("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)");
    for (int i = 1; i <= kRows; ++i) {
      run("INSERT INTO notes VALUES (?1, printf('%.*c', ?1, 'x'))", i);
    }
    for (const char* suffix : kSuffixes) {
      files.push_back(read_file(folder.path() / ("notes.db" + std::string(suffix))).value());
    }
  }

  void write_to(const TempDir& folder) const {
    for (std::size_t i = 0; i < files.size(); ++i) {
      (void)folder.write("notes.db" + std::string(kSuffixes[i]), files[i]);
    }
  }

  static constexpr int kRows = 200;
  static constexpr std::array<const char*, 3> kSuffixes{"", "-wal", "-shm"};
  static constexpr std::size_t kLog = 1;
  static constexpr std::size_t kIndex = 2;
  std::vector<std::string> files;
};

void flip(std::string& bytes, std::size_t flips, std::mt19937& generator) {
  for (; flips > 0; --flips) {
    bytes[generator() % bytes.size()] ^= static_cast<char>(1 + generator() % 255);
  }
}

// The rows are 1 to n for some n: the commits up to one, and none after it.
std::int64_t rows_without_a_gap(const Database& database) {
  return database.read([](ReadTransaction& transaction) {
    EXPECT_EQ(transaction.query_one<std::string>("PRAGMA integrity_check"), "ok");
    if (transaction.query_one<int>("SELECT count(*) FROM sqlite_schema") == 0) {
      return std::int64_t{0};  // the commit that made the table was lost, too
    }
    const auto rows = transaction.query<std::tuple<std::int64_t, std::int64_t>>("SELECT id, length(body) FROM notes");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i], std::tuple(i + 1, i + 1));
    }
    return static_cast<std::int64_t>(rows.size());
  });
}

TEST(DamagedLog, GivesTheCommitsBeforeTheDamageOrAnError) {
  const Crashed whole;
  std::mt19937 generator(20260101);
  int shortened = 0;
  for (int round = 0; round < 60; ++round) {
    Crashed damaged = whole;
    flip(damaged.files[Crashed::kLog], std::size_t{1} << (round % 8), generator);
    const TempDir folder;
    damaged.write_to(folder);
    try {
      const Database database = Database::open({.path = folder / "notes.db"});
      shortened += rows_without_a_gap(database) < Crashed::kRows ? 1 : 0;
      database.snapshot(folder / "copy.db");
    } catch (const Exception& problem) {
      EXPECT_NE(problem.error().code(), Code::unavailable) << problem.what();
    }
  }
  EXPECT_GT(shortened, 10) << "damage was found";
}

TEST(DamagedIndexOfTheLog, IsMadeAnewByTheFirstWhoOpens) {
  const Crashed whole;
  std::mt19937 generator(20260101);
  for (int round = 0; round < 60; ++round) {
    Crashed damaged = whole;
    flip(damaged.files[Crashed::kIndex], std::size_t{1} << (round % 10), generator);
    const TempDir folder;
    damaged.write_to(folder);
    EXPECT_EQ(rows_without_a_gap(Database::open({.path = folder / "notes.db"})), Crashed::kRows);
  }
}

// It is memory that all processes share: nothing there can be trusted, and wrong data cannot always be told from right.
TEST(DamagedIndexOfTheLog, UnderAnOpenDatabaseNeverEndsTheProcess) {
  const Crashed whole;
  std::mt19937 generator(20260101);
  for (int round = 0; round < 30; ++round) {
    const TempDir folder;
    whole.write_to(folder);
    try {
      const Database database =
          Database::open({.path = folder / "notes.db", .busy_timeout = std::chrono::milliseconds(1), .readers = 1});
      ASSERT_EQ(rows_without_a_gap(database), Crashed::kRows);
      {
        std::fstream index(folder / "notes.db-shm", std::ios::in | std::ios::out | std::ios::binary);
        for (int flips = 1 << (round % 10); flips > 0; --flips) {
          index.seekp(static_cast<std::streamoff>(generator() % whole.files[Crashed::kIndex].size()));
          index.put(static_cast<char>(generator()));
        }
      }
      for (int i = 0; i < 5; ++i) {
        (void)database.write([](WriteTransaction& transaction) {
          return transaction.execute("INSERT INTO notes (body) VALUES (hex(randomblob(3000)))");
        });
        database.read(
            [](ReadTransaction& transaction) { return transaction.query<std::string>("SELECT body FROM notes"); });
      }
      database.snapshot(folder / "copy.db");
    } catch (const Exception& problem) {
      EXPECT_NE(problem.what(), std::string());
    }
  }
}

}  // namespace
}  // namespace mcdsl::db
