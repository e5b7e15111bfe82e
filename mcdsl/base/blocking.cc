#include "mcdsl/base/blocking.h"

#include <utility>

namespace mcdsl {
namespace {

thread_local BlockingObserver* observer_of_this_thread = nullptr;

}  // namespace

void about_to_block() noexcept {
  if (observer_of_this_thread != nullptr) {
    observer_of_this_thread->about_to_block();
  }
}

BlockingObserver* set_blocking_observer(BlockingObserver* observer) noexcept {
  return std::exchange(observer_of_this_thread, observer);
}

}  // namespace mcdsl
