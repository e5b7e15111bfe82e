#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/db/internal/connection.h"

namespace mcdsl::db::internal {

/// A name as SQL takes it whatever is in it: "it""s".
[[nodiscard]] std::string quote_name(std::string_view name);

/// A line for each foreign key that is broken: "notes row 1 refers to a row that authors does not have".
[[nodiscard]] std::vector<std::string> find_broken_foreign_keys(Connection& connection);

/// What SQLite finds wrong with the file. Reads all of it.
[[nodiscard]] std::vector<std::string> find_damage(Connection& connection);

/// The number of rows of every table, without the record of migrations.
[[nodiscard]] std::map<std::string, std::int64_t> count_rows(Connection& connection);

}  // namespace mcdsl::db::internal
