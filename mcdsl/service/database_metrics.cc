#include "mcdsl/service/database_metrics.h"

#include <utility>

namespace mcdsl {

void add_database_metrics(metrics::Registry& registry, const db::Database& database, std::string name) {
  registry.add_source([&database, labels = metrics::Labels{{"database", std::move(name)}}](metrics::Samples& samples) {
    const db::Statistics statistics = database.statistics();
    samples.counter("database_writes_total", "Write jobs that were run.", static_cast<double>(statistics.writes),
                    labels);
    samples.counter("database_write_groups_total", "Transactions that the write jobs shared.",
                    static_cast<double>(statistics.groups), labels);
    samples.gauge("database_waiting_writes", "Write jobs in the queue.", static_cast<double>(statistics.waiting_writes),
                  labels);
    samples.gauge("database_reads_in_progress", "Reads that are under way.",
                  static_cast<double>(statistics.reads_in_progress), labels);
    samples.gauge("database_wal_bytes", "Size of the write-ahead log's file.",
                  static_cast<double>(statistics.wal_bytes), labels);
  });
}

}  // namespace mcdsl
