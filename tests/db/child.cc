// The other process of the tests in this folder: db_child <what> <database> [argument]. It prints a line for each thing
// done, and a test kills it between two of them.
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

void write_some(const std::string& path, const std::string& prefix) {
  const db::Database database = open(path);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        insert(database, prefix + "/" + std::to_string(thread) + "/" + std::to_string(i));
      }
    });
  }
}

// The argument is the number of steps; each one makes a table of 200 rows. The log says when one is done.
void migrate(const std::string& path, const std::string& argument) {
  const int count = std::stoi(argument);
  std::vector<std::string> texts;
  for (int i = 1; i <= count; ++i) {
    const std::string table = "t" + std::to_string(i);
    texts.push_back("CREATE TABLE " + table + " (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " +
                    "WHERE i < 200) INSERT INTO " + table + " SELECT randomblob(500) FROM n");
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
    {"hold", hold},       {"write-forever", write_forever}, {"write-some", write_some},
    {"migrate", migrate}, {"snapshot", snapshot},           {"open-as-nobody", open_as_nobody}};

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
