#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// Where a request belongs in a trace across services (W3C Trace Context): an attribute that `trace_context` leaves.
struct TraceContext {
  std::string trace_id;   ///< 32 lower-case hex digits, of the whole trace; may be the client's choice
  std::string span_id;    ///< 16, of this request in this service
  std::string parent_id;  ///< 16, of whoever sent the request; empty where the trace starts here
  bool sampled = false;   ///< whether the sender may have recorded it
  std::string state;      ///< `tracestate` as it came, to be passed on; empty where none did

  /// The value of `traceparent` for requests that the handler makes.
  [[nodiscard]] std::string traceparent() const;
};

struct TraceOptions {
  bool start = true;  ///< give a request that came without a trace one of its own; else it gets no TraceContext
};

/// Reads `traceparent` and `tracestate` strictly, gives the request a span id of its own and leaves the TraceContext.
/// What is malformed counts as absent (Trace Context §4.3). The access log, which stands within, writes the trace id.
[[nodiscard]] Middleware trace_context(TraceOptions options = {});

/// Reads the value of a `traceparent` (Trace Context §3.2): trace id, parent id and whether it is sampled; the rest of
/// the result is empty. nullopt where it is malformed, or an id is all zeros.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view value);

}  // namespace mcdsl::http
