#pragma once

#include <atomic>
#include <chrono>

#include "mcdsl/base/clock.h"

namespace mcdsl::testing {

/// A clock that stands still until a test moves it. Starts at 2026-01-01T00:00:00Z.
/// Threads: all methods are safe from any thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return kStart + elapsed(); }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(std::chrono::hours(1)) + elapsed(); }

  void advance(std::chrono::nanoseconds by) noexcept { elapsed_ += by.count(); }

 private:
  static constexpr WallTime kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept { return std::chrono::nanoseconds(elapsed_.load()); }

  std::atomic<std::int64_t> elapsed_{0};
};

}  // namespace mcdsl::testing
