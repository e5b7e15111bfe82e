#include "mcdsl/base/sigpipe_guard.h"

#include <ctime>

namespace mcdsl {
namespace {

bool is_sigpipe_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

SigpipeGuard::SigpipeGuard() noexcept : was_pending_(is_sigpipe_pending()) {
  sigemptyset(&pipe_);
  sigaddset(&pipe_, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
}

SigpipeGuard::~SigpipeGuard() {
  if (!was_pending_ && is_sigpipe_pending()) {
    const timespec at_once{};
    sigtimedwait(&pipe_, nullptr, &at_once);  // ours: taken before the mask lets it through
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace mcdsl
