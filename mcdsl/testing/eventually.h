#pragma once

#include <chrono>
#include <thread>

namespace mcdsl::testing {

/// Waits until a condition that other threads bring about holds, looking every millisecond. The bound only ends a test
/// that has failed already, so it is generous: never rely on it for a timing.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::seconds bound = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace mcdsl::testing
