#pragma once

#include <atomic>
#include <cstdint>

namespace mcdsl::net {

/// A number that one thread at a time counts up and any thread may read.
class Counter {
 public:
  void operator++() noexcept { value_.store(get() + 1, std::memory_order_relaxed); }
  void operator--() noexcept { value_.store(get() - 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one loop has done.
struct Counters {
  Counter accepted;
  Counter open;
  Counter requests;
  Counter turned_away;
  Counter malformed;
  Counter timed_out;
};

}  // namespace mcdsl::net
