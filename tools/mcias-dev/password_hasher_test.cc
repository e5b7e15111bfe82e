#include "tools/mcias-dev/password_hasher.h"

#include <future>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/blocking.h"

namespace mcias {
namespace {

using mcdsl::Secret;
using testing::StartsWith;

constexpr HashingCost kCheap{.memory_kib = 8, .iterations = 1, .parallelism = 1};

bool verify(PasswordHasher& hasher, const std::string& encoded, std::string_view password) {
  const auto turn = hasher.wait_for_turn();
  return turn && hasher.verify(*turn, encoded, Secret(std::string(password)));
}

TEST(PasswordHasher, KnowsAPasswordAgain) {
  PasswordHasher hasher(kCheap);
  const std::string encoded = hasher.hash(Secret("correct horse"));
  EXPECT_THAT(encoded, StartsWith("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_TRUE(verify(hasher, encoded, "correct horse"));
  EXPECT_FALSE(verify(hasher, encoded, "correct horsf"));
  EXPECT_FALSE(verify(hasher, encoded, ""));
  EXPECT_EQ(hasher.verifications(), 3U);
}

TEST(PasswordHasher, CostsWhatOwaspRecommendsUnlessTold) {
  EXPECT_THAT(PasswordHasher({}).decoy(), StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST(PasswordHasher, SaltsEachHash) {
  const PasswordHasher hasher(kCheap);
  EXPECT_NE(hasher.hash(Secret("same")), hasher.hash(Secret("same")));
}

TEST(PasswordHasher, VerifiesHashesOfAnotherCost) {
  const std::string encoded = PasswordHasher({.memory_kib = 32, .iterations = 2, .parallelism = 2}).hash(Secret("pw"));
  PasswordHasher hasher(kCheap);
  EXPECT_TRUE(verify(hasher, encoded, "pw"));
}

TEST(PasswordHasher, ThrowsForAHashThatIsNone) {
  PasswordHasher hasher(kCheap);
  EXPECT_THROW((void)verify(hasher, "$2b$12$something", "pw"), mcdsl::Exception);
}

TEST(PasswordHasher, RefusesACostThatArgon2DoesNotTake) {
  EXPECT_THROW(PasswordHasher({.memory_kib = 1, .iterations = 1, .parallelism = 1}), mcdsl::Exception);
}

TEST(PasswordHasher, TurnsAwayWhoFindsTheQueueFull) {
  PasswordHasher hasher(kCheap, {.running = 1, .waiting = 0});
  std::optional turn = hasher.wait_for_turn();
  ASSERT_TRUE(*turn);
  const auto refused = hasher.wait_for_turn();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), mcdsl::Code::unavailable);
  turn.reset();
  EXPECT_TRUE(hasher.wait_for_turn());
}

// Tells when its thread is about to block.
class Announcer final : public mcdsl::BlockingObserver {
 public:
  void about_to_block() noexcept override { blocked.set_value(); }
  std::promise<void> blocked;
};

TEST(PasswordHasher, LetsWaitingLoginsHaveTheirTurn) {
  PasswordHasher hasher(kCheap, {.running = 1, .waiting = 1});
  std::optional turn = hasher.wait_for_turn();
  Announcer announcer;
  bool had_turn = false;
  std::thread waiting([&] {
    mcdsl::set_blocking_observer(&announcer);
    had_turn = hasher.wait_for_turn().has_value();
  });
  announcer.blocked.get_future().wait();
  EXPECT_FALSE(hasher.wait_for_turn()) << "one runs, one waits: the queue is full";
  turn.reset();
  waiting.join();
  EXPECT_TRUE(had_turn);
}

}  // namespace
}  // namespace mcias
