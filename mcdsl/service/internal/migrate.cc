#include "mcdsl/service/internal/migrate.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/log.h"
#include "mcdsl/base/time.h"
#include "mcdsl/db/database.h"
#include "mcdsl/service/run.h"

namespace mcdsl::internal {
namespace {

constexpr int kOk = static_cast<int>(Exit::ok);
constexpr int kFailure = static_cast<int>(Exit::failure);

using Line = std::array<std::string, 4>;

// Columns as wide as their widest cell; nothing behind the last one.
void print_table(const std::vector<Line>& lines, std::ostream& out) {
  std::array<std::size_t, 4> widths{};
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], line[i].size());
    }
  }
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i] + std::string(widths[i] - line[i].size() + 2, ' ');
    }
    out << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  }
}

std::string rounded(std::chrono::nanoseconds duration) {
  return format_duration(std::chrono::round<std::chrono::microseconds>(duration));
}

std::string count(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

// "notes 3 -> 2, tags new -> 5"
std::string describe(const std::vector<db::TableChange>& tables) {
  const auto rows = [](const std::optional<std::int64_t>& number, const char* none) {
    return number ? std::to_string(*number) : std::string(none);
  };
  std::string text;
  for (const db::TableChange& table : tables) {
    text += (text.empty() ? "" : ", ") + table.name + " " + rows(table.rows_before, "new") + " -> " +
            rows(table.rows_after, "gone");
  }
  return text;
}

// SQL as it stands in a program, without the empty lines around it.
std::string_view without_blank_ends(std::string_view sql) {
  const std::size_t first = sql.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return {};
  }
  const std::size_t line = sql.rfind('\n', first);
  sql.remove_prefix(line == std::string_view::npos ? 0 : line + 1);
  return sql.substr(0, sql.find_last_not_of(" \t\r\n") + 1);
}

void print_missing(const config::Database& settings, std::string_view prefix, std::ostream& out) {
  if (!std::filesystem::exists(settings.path)) {
    out << prefix << "database " << settings.path.string() << " is not there yet: every step is pending\n";
  }
}

std::size_t count_pending(const std::vector<db::MigrationStep>& steps) {
  return static_cast<std::size_t>(
      std::ranges::count_if(steps, [](const db::MigrationStep& step) { return !step.applied_at; }));
}

}  // namespace

int migrate_database(const config::Database& settings, Migrations migrations, std::ostream& out) {
  // Warnings only: that it waits for another process, say. What it did stands in the output.
  const log::Logger logger(std::make_shared<log::FdSink>(STDERR_FILENO));
  logger.set_level(log::Level::warn);
  const auto database = db::Database::open(settings, {.logger = logger});
  const db::MigrationReport report = database.migrate(migrations);
  if (!report.snapshot.empty()) {
    out << "snapshot " << report.snapshot.string() << '\n';
  }
  for (const db::MigrationRun& run : report.steps) {
    out << "migrated " << run.version << " (" << run.name << ") in " << rounded(run.duration) << '\n';
  }
  out << "database " << settings.path.string() << " is at version " << migrations.back().version
      << (report.steps.empty() ? ": nothing was pending\n" : "\n");
  return kOk;
}

int print_plan(const config::Database& settings, Migrations migrations, std::ostream& out) {
  const auto steps = db::migration_status(settings, migrations);
  for (const db::MigrationStep& step : steps) {
    if (!step.problem.empty()) {
      throw Exception(Code::failed_precondition, "database " + settings.path.string() + ": " + step.problem);
    }
  }
  print_missing(settings, "-- ", out);
  for (const db::MigrationStep& step : steps) {
    if (!step.applied_at) {
      const db::Migration& migration = *std::ranges::find(migrations, step.version, &db::Migration::version);
      const std::string_view sql = without_blank_ends(migration.sql);
      out << "-- migration " << step.version << " (" << step.name << ")\n"
          << sql << (sql.empty() ? "" : "\n") << (migration.code != nullptr ? "-- and then code of the program\n" : "");
    }
  }
  if (count_pending(steps) == 0) {
    out << "-- nothing is pending\n";
  }
  return kOk;
}

int print_steps(const config::Database& settings, Migrations migrations, std::ostream& out) {
  const auto steps = db::migration_status(settings, migrations);
  print_missing(settings, "", out);
  std::vector<Line> lines{{"VERSION", "NAME", "APPLIED", ""}};
  for (const db::MigrationStep& step : steps) {
    lines.push_back({std::to_string(step.version), step.name, step.applied_at.value_or("pending"),
                     step.problem.empty() ? "" : "refused"});
  }
  print_table(lines, out);
  for (const db::MigrationStep& step : steps) {
    if (!step.problem.empty()) {
      out << step.problem << '\n';
    }
  }
  return kOk;
}

int print_findings(const config::Database& settings, Migrations migrations, std::ostream& out) {
  const auto findings = db::verify_migrations(settings, migrations);
  for (const std::string& finding : findings) {
    out << finding << '\n';
  }
  if (!findings.empty()) {
    return kFailure;
  }
  out << "database " << settings.path.string() << " is sound, "
      << count(count_pending(db::migration_status(settings, migrations)), "step") << " pending\n";
  return kOk;
}

int rehearse(const config::Database& settings, Migrations migrations, std::ostream& out) {
  const db::MigrationReport report = db::rehearse_migrations(settings, migrations);
  if (report.steps.empty()) {
    out << "nothing is pending\n";
    return kOk;
  }
  std::vector<Line> lines{{"VERSION", "NAME", "TOOK", "ROWS"}};
  for (const db::MigrationRun& run : report.steps) {
    lines.push_back({std::to_string(run.version), run.name, rounded(run.duration), describe(run.tables)});
  }
  print_table(lines, out);
  out << count(report.steps.size(), "step") << " ran on a copy; database " << settings.path.string()
      << " is as it was\n";
  return kOk;
}

}  // namespace mcdsl::internal
