#pragma once

#include <string>

#include "mcdsl/db/database.h"
#include "mcdsl/metrics/registry.h"

namespace mcdsl {

/// Adds what the database tells of itself, with `database="<name>"` on each series:
///   database_writes_total, database_write_groups_total, database_waiting_writes, database_reads_in_progress,
///   database_wal_bytes
/// Lifetime: the database outlives the registry's last `expose`; one above `serve()` does.
void add_database_metrics(metrics::Registry& registry, const db::Database& database, std::string name = "main");

}  // namespace mcdsl
