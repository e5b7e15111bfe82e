// What the library adds to SQLite: a write that meets no other, and the read of one row, beside the same statements on
// a plain connection with the same settings. The log is checkpointed on both sides as SQLite does by itself. The
// default settings say NORMAL; "FULL" waits for the disk in every write.
#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include "mcdsl/db/database.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::db {
namespace {

constexpr const char* kInsert = "INSERT INTO notes (body) VALUES (?1)";
constexpr const char* kSelect = "SELECT body FROM notes WHERE id = ?1";
constexpr std::int64_t kRows = 1000;

// A database with some rows, for both sides.
struct Notes {
  explicit Notes(config::Synchronous synchronous = config::Synchronous::normal)
      : database(Database::open({.path = folder / "notes.db", .synchronous = synchronous})) {
    value_or_throw(database.write([](WriteTransaction& transaction) {
      value_or_throw(transaction.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)"));
      for (std::int64_t i = 0; i < kRows; ++i) {
        value_or_throw(transaction.execute(kInsert, "a body of the usual kind"));
      }
    }));
  }

  testing::TempDir folder;
  Database database;
};

// SQLite as one would write it by hand: one connection, prepared statements.
class Plain {
 public:
  explicit Plain(const std::filesystem::path& path, config::Synchronous synchronous = config::Synchronous::normal) {
    check(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr));
    run("PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;"
        "PRAGMA journal_size_limit = 67108864");
    run(synchronous == config::Synchronous::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  }
  ~Plain() {
    for (sqlite3_stmt* statement = nullptr; (statement = sqlite3_next_stmt(handle_, nullptr)) != nullptr;) {
      sqlite3_finalize(statement);
    }
    sqlite3_close(handle_);
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  void run(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  static void step(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }

 private:
  static void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
      std::abort();
    }
  }

  sqlite3* handle_ = nullptr;
};

void lonely_write(benchmark::State& state, config::Synchronous synchronous) {
  const Notes notes(synchronous);
  for (auto step : state) {
    value_or_throw(notes.database.write(
        [](WriteTransaction& transaction) { return transaction.execute(kInsert, "a body of the usual kind"); }));
  }
}

void plain_write(benchmark::State& state, config::Synchronous synchronous) {
  const Notes notes(synchronous);
  Plain plain(notes.folder / "notes.db", synchronous);
  sqlite3_stmt* begin = plain.prepare("BEGIN IMMEDIATE");
  sqlite3_stmt* insert = plain.prepare(kInsert);
  sqlite3_stmt* commit = plain.prepare("COMMIT");
  for (auto step : state) {
    Plain::step(begin);
    sqlite3_bind_text(insert, 1, "a body of the usual kind", -1, SQLITE_STATIC);
    Plain::step(insert);
    Plain::step(commit);
  }
}

// The least that SQLite can do: one statement that is its own transaction.
void plain_insert(benchmark::State& state) {
  const Notes notes;
  Plain plain(notes.folder / "notes.db");
  sqlite3_stmt* insert = plain.prepare(kInsert);
  for (auto step : state) {
    sqlite3_bind_text(insert, 1, "a body of the usual kind", -1, SQLITE_STATIC);
    Plain::step(insert);
  }
}

void point_read(benchmark::State& state) {
  const Notes notes;
  std::int64_t id = 0;
  for (auto step : state) {
    id = id % kRows + 1;
    benchmark::DoNotOptimize(notes.database.read(
        [&](ReadTransaction& transaction) { return transaction.query_one<std::string>(kSelect, id); }));
  }
}

void plain_read(benchmark::State& state) {
  const Notes notes;
  Plain plain(notes.folder / "notes.db");
  sqlite3_stmt* select = plain.prepare(kSelect);
  std::int64_t id = 0;
  for (auto step : state) {
    id = id % kRows + 1;
    sqlite3_bind_int64(select, 1, id);
    if (sqlite3_step(select) != SQLITE_ROW) {
      std::abort();
    }
    std::string body(reinterpret_cast<const char*>(sqlite3_column_text(select, 0)));
    benchmark::DoNotOptimize(body);
    sqlite3_reset(select);
  }
}

// Of FULL a fixed number: by CPU time it would take thousands, and each waits for the disk.
constexpr benchmark::IterationCount kWritesAtFull = 1000;

constexpr auto kNormal = config::Synchronous::normal;
constexpr auto kFull = config::Synchronous::full;
BENCHMARK_CAPTURE(lonely_write, normal, kNormal)->Name("lonely write/ours");
BENCHMARK_CAPTURE(plain_write, normal, kNormal)->Name("lonely write/peer");
BENCHMARK_CAPTURE(lonely_write, normal, kNormal)->Name("lonely write beside a bare INSERT/ours");
BENCHMARK(plain_insert)->Name("lonely write beside a bare INSERT/peer");
BENCHMARK_CAPTURE(lonely_write, full, kFull)->Name("lonely write FULL/ours")->Iterations(kWritesAtFull);
BENCHMARK_CAPTURE(plain_write, full, kFull)->Name("lonely write FULL/peer")->Iterations(kWritesAtFull);
BENCHMARK(point_read)->Name("point read/ours");
BENCHMARK(plain_read)->Name("point read/peer");

}  // namespace
}  // namespace mcdsl::db
