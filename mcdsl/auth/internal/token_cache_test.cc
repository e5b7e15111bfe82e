#include "mcdsl/auth/internal/token_cache.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

#include "mcdsl/auth/internal/threads_for_test.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth::internal {
namespace {

using namespace std::chrono_literals;
using Answer = TokenCache::Answer;

constexpr Deadline kNoDeadline = Deadline::max();

class TokenCacheTest : public ::testing::Test {
 protected:
  Answer caller(std::chrono::seconds lifetime = 1h) const {
    return std::make_shared<const Caller>(
        Caller{.subject = "1", .username = "alice", .expires_at = clock_.now() + lifetime});
  }
  static Answer error(Code code) { return fail(code, "told so"); }

  /// What the cache answers when `answer` is what it would be told; counts in `asked_`.
  Answer get(const crypto::Sha256& key, const Answer& answer) {
    return cache_.get(key, kNoDeadline, [&] {
      ++asked_;
      return answer;
    });
  }

  testing::ManualClock clock_;
  TokenCache cache_{clock_, 1000};
  const crypto::Sha256 key_ = crypto::sha256("token");
  int asked_ = 0;
};

TEST_F(TokenCacheTest, RemembersACallerForThirtySeconds) {
  EXPECT_TRUE(get(key_, caller()));
  clock_.advance(25s - 1ns);
  EXPECT_TRUE(cache_.find(key_));
  EXPECT_TRUE(get(key_, error(Code::unavailable)));
  EXPECT_EQ(asked_, 1);
  clock_.advance(5s);
  EXPECT_TRUE(get(key_, error(Code::unavailable))) << "the identity service has said nothing else";
  EXPECT_EQ(asked_, 2);
  clock_.advance(1ns);
  EXPECT_FALSE(cache_.find(key_));
  EXPECT_FALSE(get(key_, error(Code::unavailable)));
  EXPECT_EQ(asked_, 3);
}

TEST_F(TokenCacheTest, AsksAgainOnceBeforeTheEndWhileOthersGoOn) {
  EXPECT_TRUE(get(key_, caller()));
  clock_.advance(25s);
  EXPECT_FALSE(cache_.find(key_)) << "this one is to ask";
  EXPECT_TRUE(cache_.find(key_)) << "others are not";
  EXPECT_TRUE(cache_.get(key_, kNoDeadline, [&] {
    EXPECT_TRUE(cache_.find(key_));
    EXPECT_TRUE(get(key_, error(Code::internal))) << "nobody waits for the answer";
    return caller();
  }));
  EXPECT_EQ(asked_, 1);
  clock_.advance(25s - 1ns);
  EXPECT_TRUE(cache_.find(key_)) << "remembered anew";
}

TEST_F(TokenCacheTest, ForgetsACallerWhoIsRefusedWhenAskedAboutAgain) {
  EXPECT_TRUE(get(key_, caller()));
  clock_.advance(25s);
  EXPECT_EQ(get(key_, error(Code::unauthenticated)).error().code(), Code::unauthenticated);
  EXPECT_EQ(cache_.find(key_).value().error().code(), Code::unauthenticated);
}

TEST_F(TokenCacheTest, CountsTheThirtySecondsFromBeforeTheQuestion) {
  (void)cache_.get(key_, kNoDeadline, [&] {
    auto answer = caller();
    clock_.advance(20s);  // a slow answer: the token may have been revoked since
    return answer;
  });
  clock_.advance(10s);
  EXPECT_FALSE(cache_.find(key_));
}

TEST_F(TokenCacheTest, NeverGivesACallerPastItsExpiry) {
  EXPECT_TRUE(get(key_, caller(10s)));
  clock_.advance(10s);
  const auto known = cache_.find(key_);
  ASSERT_TRUE(known);
  ASSERT_FALSE(*known);
  EXPECT_EQ(known->error().code(), Code::unauthenticated);
}

TEST_F(TokenCacheTest, RemembersARefusalForFiveSeconds) {
  EXPECT_FALSE(get(key_, error(Code::unauthenticated)));
  clock_.advance(5s - 1ns);
  EXPECT_EQ(get(key_, caller()).error().message(), "told so");
  EXPECT_EQ(asked_, 1);
  clock_.advance(1ns);
  EXPECT_TRUE(get(key_, caller()));
}

TEST_F(TokenCacheTest, DoesNotRememberUnavailability) {
  EXPECT_EQ(get(key_, error(Code::unavailable)).error().code(), Code::unavailable);
  EXPECT_FALSE(cache_.find(key_));
  EXPECT_TRUE(get(key_, caller()));
}

TEST_F(TokenCacheTest, TellsTokensApart) {
  EXPECT_TRUE(get(key_, caller()));
  EXPECT_FALSE(cache_.find(crypto::sha256("tokem")));
}

TEST_F(TokenCacheTest, ForgetsACallerThatIsRefused) {
  EXPECT_TRUE(get(key_, caller()));
  cache_.refuse(key_, Error(Code::unauthenticated, "logged out"));
  EXPECT_EQ(get(key_, caller()).error().message(), "logged out");
  clock_.advance(5s);
  EXPECT_FALSE(cache_.find(key_));
}

TEST_F(TokenCacheTest, DoesNotRememberAnAnswerThatARefusalOvertook) {
  const Answer answer = cache_.get(key_, kNoDeadline, [&] {
    cache_.refuse(key_, Error(Code::unauthenticated, "logged out"));
    return caller();
  });
  EXPECT_TRUE(answer);  // asked before it was refused
  EXPECT_EQ(cache_.find(key_).value().error().message(), "logged out");
}

TEST_F(TokenCacheTest, StaysBoundedUnderAHundredThousandTokens) {
  for (int i = 0; i < 100'000; ++i) {
    const auto key = crypto::sha256(std::to_string(i));
    (void)get(key, i % 2 == 0 ? caller() : error(Code::unauthenticated));
  }
  EXPECT_LE(cache_.size(), 2U * 1008U);  // both tables, each rounded up to a multiple of the 16 shards
  EXPECT_GE(cache_.size(), 1000U);
}

TEST_F(TokenCacheTest, KeepsCallersThroughAFloodOfRefusals) {
  EXPECT_TRUE(get(key_, caller()));
  for (int i = 0; i < 10'000; ++i) {
    (void)get(crypto::sha256(std::to_string(i)), error(Code::unauthenticated));
  }
  ASSERT_TRUE(cache_.find(key_));
  EXPECT_TRUE(*cache_.find(key_));
}

TEST_F(TokenCacheTest, DropsTheOldestWhenFull) {
  TokenCache small(clock_, 1);
  (void)small.get(key_, kNoDeadline, [&] { return caller(); });
  (void)small.get(crypto::sha256("newer"), kNoDeadline, [&] { return caller(); });
  EXPECT_FALSE(small.find(key_));
  EXPECT_TRUE(small.find(crypto::sha256("newer")));
  EXPECT_EQ(small.size(), 1U);
}

TEST_F(TokenCacheTest, AsksOnceForManyThreadsAndGivesAllTheAnswer) {
  constexpr int kThreads = 16;
  std::latch all_wait(1);
  std::atomic<int> asked = 0;
  std::atomic<int> admitted = 0;
  TestThreads threads(kThreads, [&](int) {
    const Answer answer = cache_.get(key_, kNoDeadline, [&] {
      ++asked;
      about_to_block();
      all_wait.wait();
      return caller();
    });
    admitted += answer.has_value() ? 1 : 0;
  });
  threads.wait_until_all_block();
  all_wait.count_down();
  threads.join();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(admitted, kThreads);
}

TEST_F(TokenCacheTest, LetsAThreadGoWhenItsDeadlineComesFirst) {
  std::latch may_answer(1);
  TestThreads asking(1, [&](int) {
    (void)cache_.get(key_, kNoDeadline, [&] {
      about_to_block();
      may_answer.wait();
      return caller();
    });
  });
  asking.wait_until_all_block();
  const auto answer = cache_.get(key_, std::chrono::steady_clock::now(), [&] { return caller(); });
  may_answer.count_down();
  asking.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::unavailable);
  EXPECT_TRUE(answer.error().message().starts_with("timeout"));
}

// One caller's short patience is no answer for another who has more of it.
TEST_F(TokenCacheTest, LetsTheNextAskWhereTheFirstCouldNotWait) {
  std::latch may_give_up(1);
  TestThreads asking(1, [&](int) {
    const auto answer = cache_.get(key_, std::chrono::steady_clock::now(), [&] {
      about_to_block();
      may_give_up.wait();
      return error(Code::unavailable);
    });
    EXPECT_FALSE(answer);
  });
  asking.wait_until_all_block();
  TestThreads waiting(1, [&](int) { EXPECT_TRUE(get(key_, caller())); });
  waiting.wait_until_all_block();
  may_give_up.count_down();
  asking.join();
  waiting.join();
  EXPECT_EQ(asked_, 1);
}

TEST_F(TokenCacheTest, IsNotStuckAfterAnException) {
  const auto throwing = [this] {
    (void)cache_.get(key_, kNoDeadline, []() -> Answer { throw std::runtime_error("boom"); });
  };
  EXPECT_THROW(throwing(), std::runtime_error);
  EXPECT_TRUE(get(key_, caller()));
}

TEST_F(TokenCacheTest, IsSafeFromManyThreads) {
  TestThreads threads(8, [&](int seed) {
    for (int i = 0; i < 2000; ++i) {
      const auto key = crypto::sha256(std::to_string((i * 7 + seed) % 50));
      switch ((i + seed) % 4) {
        case 0:
          cache_.refuse(key, Error(Code::unauthenticated, "no"));
          break;
        case 1:
          (void)cache_.find(key);
          break;
        default:
          (void)cache_.get(key, kNoDeadline, [&] { return caller(); });
      }
      clock_.advance(1ms);
    }
  });
  threads.join();
  EXPECT_LE(cache_.size(), 50U);
}

}  // namespace
}  // namespace mcdsl::auth::internal
