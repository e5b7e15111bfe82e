// The other process of the tests in this folder: db_child <what> <database> [argument]. It prints a line for each thing
// done, and a test kills it at any time.
#include <atomic>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sqlite3.h>
#include <unistd.h>

#include "mcdsl/db/database.h"

namespace {

using namespace mcdsl;

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    std::_Exit(2);
  }
}

db::Database open(const std::string& path, int log_to = STDERR_FILENO) {
  return db::Database::open({.path = path, .synchronous = config::Synchronous::full},
                            {.logger = log::Logger(std::make_shared<log::FdSink>(log_to))});
}

// Holds the write lock, as a program that is not ours, until standard input ends.
void hold(const std::string& path, const std::string& /*argument*/) {
  sqlite3* handle = nullptr;
  if (sqlite3_open(path.c_str(), &handle) != SQLITE_OK ||
      sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw Exception(Code::internal, "cannot take the write lock");
  }
  say("held");
  std::cin.get();
  sqlite3_close(handle);
}

void insert(const db::Database& database, const std::string& name) {
  value_or_throw(database.write(
      [&](db::WriteTransaction& transaction) { return transaction.execute("INSERT INTO notes VALUES (?1)", name); }));
}

// Four threads that write without end and say so after each.
void write_forever(const std::string& path, const std::string& prefix) {
  const db::Database database = open(path);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0;; ++i) {
        const std::string name = prefix + "/" + std::to_string(thread) + "/" + std::to_string(i);
        insert(database, name);
        say(name);
      }
    });
  }
}

// Sixteen threads that write until standard input ends; each write is a row and a count of the thread's turns. Says
// how many writes were acknowledged.
void take_turns(const std::string& path, const std::string& process) {
  constexpr int kThreads = 16;
  const db::Database database = open(path);
  std::atomic<bool> enough = false;
  std::atomic<std::int64_t> acknowledged = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; !enough; ++i) {
          value_or_throw(database.write([&](db::WriteTransaction& transaction) {
            value_or_throw(transaction.execute("INSERT INTO notes VALUES (?1)",
                                               process + "/" + std::to_string(thread) + "/" + std::to_string(i)));
            return transaction.execute(
                "INSERT INTO turns VALUES (?1, ?2, 1) ON CONFLICT (process, thread) DO UPDATE SET count = count + 1",
                process, thread);
          }));
          ++acknowledged;
        }
      });
    }
    std::cin.get();
    enough = true;
  }
  say(std::to_string(acknowledged));
}

// Stays inside a write until standard input ends.
void hold_inside(const std::string& path, const std::string& /*argument*/) {
  value_or_throw(open(path).write([](db::WriteTransaction& transaction) {
    value_or_throw(transaction.execute("INSERT INTO notes VALUES ('by the holder')"));
    say("held");
    std::cin.get();
  }));
}

// The argument is the number of steps. Step n makes the table t<n> of 200 rows, each with a parent in the table before,
// and rebuilds t1 so that each of its rows says n: a database of version n can be told from any other. The log says
// when a step is done.
void migrate(const std::string& path, const std::string& argument) {
  const int count = std::stoi(argument);
  std::vector<std::string> texts;
  for (int i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    const std::string parent = std::to_string(std::max(i - 1, 1));
    std::string text = "CREATE TABLE t" + number + " (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t" + parent +
                       ", step INTEGER, x BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                       "i < 200) INSERT INTO t" +
                       number + " SELECT i, i, " + number + ", randomblob(100) FROM n;";
    if (i > 1) {
      text +=
          "CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t1, step INTEGER, x BLOB);"
          "INSERT INTO rebuilt SELECT id, parent, " +
          number + ", x FROM t1; DROP TABLE t1; ALTER TABLE rebuilt RENAME TO t1;";
    }
    texts.push_back(std::move(text));
  }
  std::vector<db::Migration> steps;
  for (int i = 1; i <= count; ++i) {
    steps.push_back({.version = i, .name = "step", .sql = texts[static_cast<std::size_t>(i) - 1]});
  }
  open(path, STDOUT_FILENO).migrate(steps);
}

// Snapshots without end into a folder.
void snapshot(const std::string& path, const std::string& folder) {
  const db::Database database = open(path);
  for (int i = 0;; ++i) {
    const std::string name = std::to_string(::getpid()) + "-" + std::to_string(i) + ".db";
    say(name);
    database.snapshot(std::filesystem::path(folder) / name);
  }
}

// Opens as another user, who may read and write the file and not change its mode.
void open_as_nobody(const std::string& path, const std::string& /*argument*/) {
  if (::setuid(65534) != 0) {
    throw Exception(Code::internal, "setuid");
  }
  insert(open(path), "by nobody");
  say("written");
}

const std::map<std::string_view, void (*)(const std::string&, const std::string&)> kActions{
    {"hold", hold},       {"hold-inside", hold_inside}, {"write-forever", write_forever},  {"take-turns", take_turns},
    {"migrate", migrate}, {"snapshot", snapshot},       {"open-as-nobody", open_as_nobody}};

}  // namespace

int main(int argc, char** argv) {
  try {
    kActions.at(argc > 1 ? argv[1] : "")(argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "");
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << '\n';
    return 1;
  }
}
