#include "mcdsl/db/internal/futex.h"

#include <climits>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mcdsl::db::internal {

void Futex::wait_for(std::uint32_t wanted) noexcept {
  for (;;) {
    const std::uint32_t seen = value_.load(std::memory_order_acquire);
    if (static_cast<std::int32_t>(seen - wanted) >= 0) {
      return;
    }
    // Sleeps only while the value is still the one seen.
    ::syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  }
}

void Futex::wake_all() noexcept {
  ::syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace mcdsl::db::internal
