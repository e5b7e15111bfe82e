#pragma once

#include <chrono>

namespace mcdsl::auth::internal {

/// When a caller stops waiting. The machine's time, not a Clock's: it bounds waits that are real.
using Deadline = std::chrono::steady_clock::time_point;

}  // namespace mcdsl::auth::internal
