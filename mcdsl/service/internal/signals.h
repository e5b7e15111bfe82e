#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace mcdsl::internal {

/// Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts from now on, so that a SignalWaiter gets them,
/// and ignores SIGPIPE: a peer that goes away is an error of its write.
void block_signals();

/// Takes the signals that `block_signals` holds back.
class SignalWaiter {
 public:
  /// The next signal's number, or nothing when none came within the time.
  [[nodiscard]] std::optional<int> next(std::optional<std::chrono::nanoseconds> time) const;

  /// Whether SIGTERM or SIGINT comes within the time.
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds time) const;
};

}  // namespace mcdsl::internal
