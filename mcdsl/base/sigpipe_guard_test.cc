#include "mcdsl/base/sigpipe_guard.h"

#include <array>
#include <cerrno>

#include <gtest/gtest.h>
#include <unistd.h>

namespace mcdsl {
namespace {

bool sigpipe_is(int (*query)(sigset_t*)) {
  sigset_t signals;
  sigemptyset(&signals);
  query(&signals);
  return sigismember(&signals, SIGPIPE) == 1;
}

int blocked(sigset_t* signals) {
  return pthread_sigmask(SIG_SETMASK, nullptr, signals);
}

TEST(SigpipeGuard, LetsTheProcessOutliveAWriteToABrokenPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  {
    const SigpipeGuard guard;
    EXPECT_EQ(::write(ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  }
  ::close(ends[1]);
  EXPECT_FALSE(sigpipe_is(&::sigpending));
  EXPECT_FALSE(sigpipe_is(&blocked));
}

TEST(SigpipeGuard, LeavesASignalThatWasThereBefore) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  ::raise(SIGPIPE);
  {
    const SigpipeGuard guard;
  }
  EXPECT_TRUE(sigpipe_is(&::sigpending));
  EXPECT_TRUE(sigpipe_is(&blocked));
  const timespec at_once{};
  sigtimedwait(&pipe, nullptr, &at_once);
  pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

}  // namespace
}  // namespace mcdsl
