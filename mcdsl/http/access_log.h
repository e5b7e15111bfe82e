#pragma once

#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// Writes one line for each request: method, path (never the query, which may hold secrets), route pattern, status,
/// bytes of the body (0 for a stream whose length nobody knows before), duration in seconds, client address; where they
/// are known, the request id, the trace id, the Principal's name and the chain of the response's error. Level info;
/// error for 500, which is a bug; warn for any other 5xx.
///
/// Stands inside `request_id` and `trace_context`. What throws past it is not logged: `recover` or a Router stands
/// within. Lifetime: `clock` outlives the middleware.
[[nodiscard]] Middleware access_log(log::Logger logger, const Clock& clock = system_clock());

}  // namespace mcdsl::http
