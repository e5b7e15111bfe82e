#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database_for_test.h"

/// Steps of a schema, and what has become of them in a database.
namespace mcdsl::db::testing {

constexpr Migration kAuthors{
    .version = 1, .name = "create_authors", .sql = "CREATE TABLE authors (name TEXT PRIMARY KEY)"};
constexpr Migration kNotes{.version = 2, .name = "create_notes", .sql = R"sql(
    CREATE TABLE notes (slug TEXT PRIMARY KEY, author TEXT REFERENCES authors);
    CREATE INDEX notes_by_author ON notes (author);
  )sql"};
constexpr Migration kRead{.version = 5, .name = "add_read", .sql = "ALTER TABLE notes ADD COLUMN read INTEGER"};
constexpr std::array kAll{kAuthors, kNotes, kRead};

using Steps = std::vector<Migration>;

/// Those that have run.
[[nodiscard]] inline std::vector<std::int64_t> versions(const Scratch& scratch) {
  return scratch.database.read([](ReadTransaction& transaction) {
    return transaction.query<std::int64_t>("SELECT version FROM schema_migrations ORDER BY version");
  });
}

/// What lies in a folder.
[[nodiscard]] inline std::vector<std::filesystem::path> entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  if (std::filesystem::exists(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      found.push_back(entry.path());
    }
  }
  return found;
}

/// The snapshots that lie in the folder of backups.
[[nodiscard]] inline std::vector<std::filesystem::path> backups(const Scratch& scratch) {
  return entries(scratch.folder / "backups");
}

/// What is said where a list is refused.
inline std::string refusal(const Scratch& scratch, const Steps& steps) {
  const Error error = thrown_by([&] { scratch.database.migrate(steps); });
  EXPECT_EQ(error.code(), Code::failed_precondition) << error.to_string();
  EXPECT_THAT(error.to_string(), ::testing::HasSubstr(scratch.settings.path.string()));
  return error.to_string();
}

/// The table in which a service written in Go records its migrations.
inline void create_go_table(const Scratch& scratch) {
  scratch.run(
      "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
      "applied_at TEXT NOT NULL DEFAULT '')");
}

}  // namespace mcdsl::db::testing
