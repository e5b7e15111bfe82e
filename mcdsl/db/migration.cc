#include "mcdsl/db/migration.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <utility>

#include "mcdsl/base/error.h"
#include "mcdsl/db/internal/connection.h"
#include "mcdsl/db/internal/inspect.h"
#include "mcdsl/db/internal/migrator.h"
#include "mcdsl/db/internal/snapshot.h"
#include "mcdsl/db/transaction.h"

namespace mcdsl::db {
namespace {

using internal::Connection;

void require_file(const config::Database& settings) {
  if (!std::filesystem::exists(settings.path)) {
    throw Exception(Code::not_found, "database " + settings.path.string() + " is not there");
  }
}

// Runs a check. That it cannot read the database is a finding too, unless it only had to wait too long.
template <std::invocable Check>
void collect(std::vector<std::string>& findings, Check check) {
  try {
    for (std::string& finding : check()) {
      findings.push_back(std::move(finding));
    }
  } catch (const Exception& problem) {
    if (problem.error().code() == Code::unavailable) {
      throw;
    }
    findings.emplace_back(problem.what());
  }
}

std::vector<std::string> problems_of(const std::vector<MigrationStep>& steps) {
  std::vector<std::string> problems;
  for (const MigrationStep& step : steps) {
    if (!step.problem.empty()) {
      problems.push_back(step.problem);
    }
  }
  return problems;
}

using RowCounts = std::map<std::string, std::int64_t>;

std::vector<TableChange> find_changes(const RowCounts& before, const RowCounts& after) {
  const auto count_in = [](const RowCounts& counts, const std::string& table) {
    const auto found = counts.find(table);
    return found == counts.end() ? std::nullopt : std::optional(found->second);
  };
  RowCounts tables = before;
  tables.insert(after.begin(), after.end());
  std::vector<TableChange> changes;
  for (const auto& [table, count] : tables) {
    TableChange change{.name = table, .rows_before = count_in(before, table), .rows_after = count_in(after, table)};
    if (change.rows_before != change.rows_after) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

RowCounts count_rows(const config::Database& settings) {
  Connection connection(settings, Connection::Role::checker);
  return internal::count_rows(connection);
}

void refuse_damage(const config::Database& settings, const MigrationRun& run) {
  Connection connection(settings, Connection::Role::checker);
  if (const auto damage = internal::find_damage(connection); !damage.empty()) {
    throw Exception(Code::data_loss, "migration " + std::to_string(run.version) + " (" + run.name +
                                         ") leaves a damaged database: " + damage.front());
  }
}

}  // namespace

Result<bool> add_column_if_missing(WriteTransaction& transaction, std::string_view table, std::string_view column,
                                   std::string_view declaration) {
  // Names are the same in any case. Unlike table_info this one lists generated columns too.
  const auto columns = transaction.query<std::int64_t>(
      "SELECT name = ?2 COLLATE NOCASE FROM pragma_table_xinfo(?1, 'main')", table, column);
  if (columns.empty()) {
    return fail(Code::not_found, "there is no table \"" + std::string(table) + "\" to add the column \"" +
                                     std::string(column) + "\" to");
  }
  if (std::ranges::find(columns, 1) != columns.end()) {
    return false;
  }
  const auto added = transaction.execute("ALTER TABLE main." + internal::quote_name(table) + " ADD COLUMN " +
                                         internal::quote_name(column) + " " + std::string(declaration));
  if (!added) {
    return fail(added.error());
  }
  return true;
}

std::vector<MigrationStep> migration_status(const config::Database& settings, std::span<const Migration> migrations) {
  return internal::compare_steps(settings, migrations);
}

std::vector<std::string> verify_migrations(const config::Database& settings, std::span<const Migration> migrations) {
  require_file(settings);
  std::vector<std::string> findings;
  collect(findings, [&] { return problems_of(internal::compare_steps(settings, migrations)); });
  Connection connection(settings, Connection::Role::checker);
  collect(findings, [&] { return internal::find_broken_foreign_keys(connection); });
  collect(findings, [&] { return internal::find_damage(connection); });
  return findings;
}

MigrationReport rehearse_migrations(const config::Database& settings, std::span<const Migration> migrations,
                                    const Clock& clock) {
  require_file(settings);
  MigrationReport report;
  if (internal::find_pending(settings, internal::compare_steps(settings, migrations), migrations).empty()) {
    return report;
  }
  const auto run_on = [&](const std::filesystem::path& copy) {
    config::Database rehearsal = settings;
    rehearsal.path = copy;
    RowCounts counts = count_rows(rehearsal);
    const auto inspect = [&](MigrationRun& run) {
      RowCounts now = count_rows(rehearsal);
      run.tables = find_changes(counts, now);
      counts = std::move(now);
      refuse_damage(rehearsal, run);
    };
    report.steps = internal::run_pending(rehearsal, migrations, clock, [] {}, inspect);
  };
  try {
    internal::with_copy(settings, std::filesystem::absolute(settings.path).parent_path(), run_on);
  } catch (const Exception& problem) {
    throw Exception(problem.error().wrap("rehearsal on a copy of " + settings.path.string()));
  }
  return report;
}

}  // namespace mcdsl::db
