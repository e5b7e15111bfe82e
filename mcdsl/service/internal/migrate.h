#pragma once

#include <iosfwd>
#include <span>

#include "mcdsl/config/standard.h"
#include "mcdsl/db/migration.h"

/// `migrate` and what stands behind it. Each prints to `out` and returns the exit code; all but `migrate_database` only
/// look at the database.
namespace mcdsl::internal {

using Migrations = std::span<const db::Migration>;

/// `migrate`: does to the database what the server does at its start, and says what that was.
int migrate_database(const config::Database& settings, Migrations migrations, std::ostream& out);

/// `migrate plan`: the pending steps with their SQL. Throws Exception where `migrate` would refuse.
int print_plan(const config::Database& settings, Migrations migrations, std::ostream& out);

/// `migrate status`: a table of all steps, and what is wrong with them.
int print_steps(const config::Database& settings, Migrations migrations, std::ostream& out);

/// `migrate verify`: everything that is wrong with the database; 1 where anything is.
int print_findings(const config::Database& settings, Migrations migrations, std::ostream& out);

/// `migrate rehearse`: runs the pending steps on a copy and says what they did to it.
int rehearse(const config::Database& settings, Migrations migrations, std::ostream& out);

}  // namespace mcdsl::internal
