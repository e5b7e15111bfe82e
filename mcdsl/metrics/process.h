#pragma once

#include "mcdsl/metrics/registry.h"

namespace mcdsl::metrics {

/// Adds what Prometheus' client libraries tell of the process itself, under their names: CPU seconds, resident and
/// virtual memory, open descriptors and how many there may be, threads, start time. What the system does not tell is
/// left out.
void add_process_metrics(Registry& registry);

}  // namespace mcdsl::metrics
