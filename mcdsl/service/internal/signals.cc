#include "mcdsl/service/internal/signals.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

namespace mcdsl::internal {
namespace {

using namespace std::chrono_literals;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  return set;
}

// The first signal of the set within the time, or whenever it comes.
std::optional<int> take(const sigset_t& set, std::optional<std::chrono::nanoseconds> time) {
  const auto deadline = std::chrono::steady_clock::now() + time.value_or(0ns);
  for (;;) {
    const auto left = std::max<std::chrono::nanoseconds>(0ns, deadline - std::chrono::steady_clock::now());
    const timespec limit{.tv_sec = static_cast<std::time_t>(left.count() / 1'000'000'000),
                         .tv_nsec = static_cast<long>(left.count() % 1'000'000'000)};
    const int signal = time ? ::sigtimedwait(&set, nullptr, &limit) : ::sigwaitinfo(&set, nullptr);
    if (signal > 0) {
      return signal;
    }
    if (errno != EINTR) {
      return std::nullopt;
    }
  }
}

}  // namespace

void block_signals() {
  const sigset_t set = set_of({SIGTERM, SIGINT, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<int> SignalWaiter::next(std::optional<std::chrono::nanoseconds> time) const {
  return take(set_of({SIGTERM, SIGINT, SIGHUP}), time);
}

bool SignalWaiter::wait_for(std::chrono::nanoseconds time) const {
  return take(set_of({SIGTERM, SIGINT}), time).has_value();
}

}  // namespace mcdsl::internal
