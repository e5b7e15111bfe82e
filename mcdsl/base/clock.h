#pragma once

#include <chrono>

namespace mcdsl {

/// Where time comes from. Everything that looks at the time takes a `const Clock&`, so tests can move it.
/// Threads: all methods are safe from any thread.
class Clock {
 public:
  using WallTime = std::chrono::system_clock::time_point;
  using SteadyTime = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;

  /// The time of day, UTC. May jump; for dates and expiry times that others wrote.
  [[nodiscard]] virtual WallTime now() const = 0;

  /// Time that only moves forward; for durations and deadlines of our own.
  [[nodiscard]] virtual SteadyTime steady() const = 0;

 protected:
  Clock() = default;
  Clock(const Clock&) = default;
  Clock& operator=(const Clock&) = default;
};

/// The machine's clock. It has no state; it is the default wherever a Clock can be given.
[[nodiscard]] const Clock& system_clock() noexcept;

}  // namespace mcdsl
