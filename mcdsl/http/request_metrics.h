#pragma once

#include "mcdsl/base/clock.h"
#include "mcdsl/http/router.h"
#include "mcdsl/metrics/registry.h"

namespace mcdsl::http {

/// Counts each request:
///   http_requests_total{code,method,route}  requests that were answered
///   http_request_duration_seconds{route}    histogram of the time until the response was there
///   http_requests_in_flight                 requests that are being handled
/// `route` is the pattern that matched, empty where none did: nothing of it is the client's. A body that is made while
/// it leaves is not in the time.
///
/// Stands outside `recover`: what throws past it is not counted. The cost is two looks at the clock and a few atomic
/// additions; `http_bench` measures it.
/// Lifetime: registry and clock outlive the middleware.
[[nodiscard]] Middleware request_metrics(metrics::Registry& registry, const Clock& clock = system_clock());

/// Adds GET /metrics, which answers with all that the registry has. For a listener of the operator's, not the public
/// one. Lifetime: the registry outlives the router.
void add_metrics_route(Router& router, const metrics::Registry& registry);

}  // namespace mcdsl::http
