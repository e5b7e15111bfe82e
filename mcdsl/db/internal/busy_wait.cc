#include "mcdsl/db/internal/busy_wait.h"

#include <thread>

#include "mcdsl/base/blocking.h"

namespace mcdsl::db::internal {

int BusyWait::handle(void* self, int times) noexcept {
  return static_cast<BusyWait*>(self)->nap(times == 0) ? 1 : 0;
}

bool BusyWait::nap(bool is_first) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (is_first) {
    about_to_block();
    start_ = now;
  }
  if (now - start_ >= timeout_) {
    return false;
  }
  std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution(200, 800)(random_)));
  return true;
}

}  // namespace mcdsl::db::internal
