#include "mcdsl/db/internal/inspect.h"

#include <optional>
#include <sstream>

#include "mcdsl/db/transaction.h"

namespace mcdsl::db::internal {
namespace {

// The broken keys of one table to another. A table WITHOUT ROWID has no number for its rows.
struct BrokenKeys {
  std::string table;
  std::string parent;
  std::int64_t count = 0;
  std::optional<std::int64_t> first;

  void bind(Row& row) { row.into(table, parent, count, first); }

  [[nodiscard]] std::string describe() const {
    return (first ? table + " row " + std::to_string(*first) : "a row of " + table) + " refers to a row that " +
           parent + " does not have" + (count > 1 ? ", and " + std::to_string(count - 1) + " more like it" : "");
  }
};

}  // namespace

std::string quote_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c == '"' ? "\"\"" : std::string(1, c);
  }
  return text + "\"";
}

std::vector<std::string> find_broken_foreign_keys(Connection& connection) {
  std::vector<std::string> found;
  ReadTransaction(connection)
      .for_each<BrokenKeys>(
          "SELECT \"table\", parent, count(*), min(rowid) FROM pragma_foreign_key_check GROUP BY 1, 2",
          [&](const BrokenKeys& broken) { found.push_back(broken.describe()); });
  return found;
}

std::vector<std::string> find_damage(Connection& connection) {
  std::vector<std::string> found;
  // One answer may hold several lines, the first of which only says "*** in database main ***".
  const auto add = [&](const std::string& answer) {
    std::istringstream lines(answer);
    for (std::string line; std::getline(lines, line);) {
      if (line != "ok" && !line.starts_with("***")) {
        found.push_back(line);
      }
    }
  };
  try {
    ReadTransaction(connection).for_each<std::string>("PRAGMA integrity_check(1000000)", add);
  } catch (const Exception& problem) {
    if (problem.error().code() != Code::data_loss) {
      throw;
    }
    found.emplace_back(problem.what());  // damage that SQLite cannot read past
  }
  return found;
}

std::map<std::string, std::int64_t> count_rows(Connection& connection) {
  ReadTransaction transaction(connection);
  std::map<std::string, std::int64_t> counts;
  for (const auto& table :
       transaction.query<std::string>("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND "
                                      "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'schema_migrations'")) {
    counts[table] = transaction.query_one<std::int64_t>("SELECT count(*) FROM main." + quote_name(table)).value();
  }
  return counts;
}

}  // namespace mcdsl::db::internal
