// What stands between the library and the operating system: descriptors, clocks, waiting.
#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    ASSERT_TRUE(fd);
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, StandsForNoneByDefault) {
  const UniqueFd none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), -1);
}

TEST(UniqueFd, MovesItsDescriptorAndClosesTheOneBefore) {
  UniqueFd first = open_null();
  UniqueFd second = open_null();
  const int kept = first.get();
  const int closed = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), kept);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): a moved-from one owns nothing
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(is_open(closed));
}

TEST(UniqueFd, KeepsItsDescriptorWhenMovedToItself) {
  UniqueFd fd = open_null();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(is_open(fd.get()));
}

TEST(UniqueFd, GivesUpWhatIsReleasedAndClosesWhatIsReset) {
  UniqueFd fd = open_null();
  const UniqueFd released(fd.release());
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(released.get()));
  fd = open_null();
  const int number = fd.get();
  fd.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(SystemClock, NeverGoesBack) {
  const Clock& clock = system_clock();
  const auto before = clock.steady();
  EXPECT_LE(before, clock.steady());
}

class CountingObserver final : public BlockingObserver {
 public:
  void about_to_block() noexcept override { ++count; }
  int count = 0;
};

TEST(Blocking, TellsTheObserverOfThisThreadOnly) {
  CountingObserver observer;
  about_to_block();
  EXPECT_EQ(set_blocking_observer(&observer), nullptr);
  about_to_block();
  std::jthread([] { about_to_block(); }).join();
  EXPECT_EQ(observer.count, 1);
  EXPECT_EQ(set_blocking_observer(nullptr), &observer);
  about_to_block();
  EXPECT_EQ(observer.count, 1);
}

}  // namespace
}  // namespace mcdsl
