#pragma once

#include <atomic>
#include <cstdint>

namespace mcdsl::db::internal {

/// A number that only grows and that threads wait for: futex(2) without the spinning of std::atomic::wait, which costs
/// dozens of waiting threads on two cores more than their sleep.
/// Threads: safe from any thread; values wrap around.
class Futex {
 public:
  /// Returns when the value has reached `wanted`.
  void wait_for(std::uint32_t wanted) noexcept;

  /// Everything written before is seen by those who wait for `value`. They wake with the next wake_all.
  void advance_to(std::uint32_t value) noexcept { value_.store(value, std::memory_order_release); }
  void wake_all() noexcept;

 private:
  std::atomic<std::uint32_t> value_ = 0;
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == 4);
};

}  // namespace mcdsl::db::internal
