#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/config/standard.h"

namespace mcdsl::db {

class WriteTransaction;

/// One step of a schema's history. Released steps are never edited: a database knows the checksum of what it has run.
/// Each step has a connection of its own, so that the PRAGMAs and temporary tables of one never reach the next.
struct Migration {
  std::int64_t version;   ///< from 1, each larger than the one before
  std::string_view name;  ///< "create_notes"
  /// Statements that run in one transaction with their record. They must not begin or end transactions; foreign keys
  /// are not enforced while they run, so that tables can be rebuilt, and checked as a whole at the end.
  std::string_view sql;
  /// What SQL alone cannot do; runs after it in the same transaction, and touches nothing else, since a rehearsal runs
  /// it too. What it throws undoes the step. The checksum covers the SQL only.
  void (*code)(WriteTransaction&) = nullptr;
};

/// SHA-256, in hexadecimal, of the SQL with each run of white space and comments outside quotes as one space: a new
/// layout is no edit.
[[nodiscard]] std::string checksum(const Migration& migration);

/// Adds a column where the table has none of that name; whether it did. For the `code` of a migration of databases that
/// another program may have altered already. The names are taken literally; `declaration` is SQL: "TEXT NOT NULL
/// DEFAULT ''". Errors: not_found for a table that is not there.
[[nodiscard]] Result<bool> add_column_if_missing(WriteTransaction& transaction, std::string_view table,
                                                 std::string_view column, std::string_view declaration);

/// What a table gained or lost.
struct TableChange {
  std::string name;
  std::optional<std::int64_t> rows_before;  ///< nullopt: the table is new
  std::optional<std::int64_t> rows_after;   ///< nullopt: it is gone
};

/// A step that has run.
struct MigrationRun {
  std::int64_t version = 0;
  std::string name;
  std::chrono::nanoseconds duration{};
  std::vector<TableChange> tables{};  ///< whose number of rows changed; only a rehearsal counts
};

/// What running the pending steps did.
struct MigrationReport {
  std::filesystem::path snapshot;  ///< taken before the first of them; empty where none was needed
  std::vector<MigrationRun> steps{};
};

/// A step that the program lists, the database has recorded, or both.
struct MigrationStep {
  std::int64_t version = 0;
  std::string name;
  std::optional<std::string> applied_at;  ///< as the database has it, mostly RFC 3339; nullopt: pending
  std::string problem{};                  ///< why `Database::migrate` refuses, and what to do; empty: it does not
};

/// Every step by version. The database is only looked at: nothing is created, adopted or changed, and where there is no
/// file yet, all steps are pending. Throws Exception where it cannot be read.
[[nodiscard]] std::vector<MigrationStep> migration_status(const config::Database& settings,
                                                          std::span<const Migration> migrations);

/// Everything that is wrong, a line each: the problems of `migration_status`, broken foreign keys, damage. Reads the
/// whole file and only looks, too. Throws Exception: not_found where there is no file.
[[nodiscard]] std::vector<std::string> verify_migrations(const config::Database& settings,
                                                         std::span<const Migration> migrations);

/// Runs the pending steps on a checked, private copy beside the database, and checks the foreign keys and the whole
/// file after each. The copy is gone afterwards (one whose process was killed, with the next), and the database as it
/// was. Throws Exception as `Database::migrate` does, naming the step; not_found where there is no file.
[[nodiscard]] MigrationReport rehearse_migrations(const config::Database& settings,
                                                  std::span<const Migration> migrations,
                                                  const Clock& clock = system_clock());

}  // namespace mcdsl::db
