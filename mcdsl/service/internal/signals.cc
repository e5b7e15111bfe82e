#include "mcdsl/service/internal/signals.h"

#include <cerrno>
#include <ctime>

namespace mcdsl::internal {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

void block_signals() {
  const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int SignalWaiter::wait() const {
  const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP});
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal;
}

bool SignalWaiter::wait_for(std::chrono::nanoseconds time) const {
  const sigset_t set = set_of({SIGTERM, SIGINT});
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left =
        std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()));
    const timespec limit{.tv_sec = static_cast<std::time_t>(left.count() / 1'000'000'000),
                         .tv_nsec = static_cast<long>(left.count() % 1'000'000'000)};
    if (sigtimedwait(&set, nullptr, &limit) > 0) {
      return true;
    }
    if (errno != EINTR) {
      return false;
    }
  }
}

}  // namespace mcdsl::internal
