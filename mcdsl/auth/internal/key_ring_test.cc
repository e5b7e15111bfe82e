#include "mcdsl/auth/internal/key_ring.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

#include "mcdsl/auth/internal/threads_for_test.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth::internal {
namespace {

using namespace std::chrono_literals;

constexpr Deadline kNoDeadline = Deadline::max();

/// A key and what it signs. The text outlives the Jwt that views it.
class Signer {
 public:
  explicit Signer(std::string key_id) : key_id_(std::move(key_id)) {}

  [[nodiscard]] Jwk jwk() const { return {key_id_, key_.public_key()}; }
  [[nodiscard]] Jwt token() const { return value_or_throw(Jwt::parse(text_.reveal())); }

 private:
  std::string key_id_;
  crypto::Ed25519PrivateKey key_ = crypto::Ed25519PrivateKey::generate();
  Secret text_ = encode_jwt({.subject = "1"}, key_id_, key_);
};

class KeyRingTest : public ::testing::Test {
 protected:
  /// "genuine or unknown", or the name of the error.
  std::string_view check(const Signer& signer) {
    const auto result = ring_.check(signer.token(), kNoDeadline);
    return result ? "ok" : name(result.error().code());
  }

  testing::ManualClock clock_;
  Result<std::optional<Jwk>> published_ = std::nullopt;
  int fetches_ = 0;
  KeyRing ring_{clock_, [this](Deadline) {
                  ++fetches_;
                  return published_;
                }};
  const Signer first_{"first"};
  const Signer second_{"second"};
  const Signer forger_{"first"};
};

TEST_F(KeyRingTest, FetchesTheKeyOnceAndRefusesForgeries) {
  published_ = first_.jwk();
  EXPECT_EQ(check(first_), "ok");
  EXPECT_EQ(check(first_), "ok");
  EXPECT_EQ(check(forger_), "unauthenticated");
  EXPECT_EQ(check(second_), "unauthenticated");
  EXPECT_EQ(fetches_, 1);
}

TEST_F(KeyRingTest, FetchesANewKeyWhenATokenNamesIt) {
  published_ = first_.jwk();
  EXPECT_EQ(check(first_), "ok");
  published_ = second_.jwk();
  clock_.advance(10s);
  EXPECT_EQ(check(second_), "ok");
  EXPECT_EQ(check(first_), "ok");  // the identity service may still take tokens of the old key
  EXPECT_EQ(fetches_, 2);
}

TEST_F(KeyRingTest, FetchesAKeyThatWasReplacedUnderItsOldId) {
  published_ = forger_.jwk();
  EXPECT_EQ(check(forger_), "ok");
  published_ = first_.jwk();
  clock_.advance(10s);
  EXPECT_EQ(check(first_), "ok");
  EXPECT_EQ(check(forger_), "unauthenticated");
}

TEST_F(KeyRingTest, FetchesOnceInTenSecondsHoweverManyKeyIdsAreInvented) {
  published_ = first_.jwk();
  EXPECT_EQ(check(first_), "ok");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(check(Signer("invented-" + std::to_string(i))), "unauthenticated");
    clock_.advance(100ms);
  }
  EXPECT_EQ(fetches_, 1);
  EXPECT_EQ(check(second_), "unauthenticated");
  EXPECT_EQ(fetches_, 2);
}

TEST_F(KeyRingTest, IsUnavailableWhileNoKeyCanBeHadAndRecoversAtOnce) {
  published_ = fail(Code::unavailable, "away");
  EXPECT_EQ(check(first_), "unavailable");
  EXPECT_EQ(check(first_), "unavailable");
  EXPECT_EQ(fetches_, 2);
  published_ = first_.jwk();
  EXPECT_EQ(check(first_), "ok");
}

TEST_F(KeyRingTest, CannotTellAboutAnUnknownKeyWhileTheServiceIsAway) {
  published_ = first_.jwk();
  EXPECT_EQ(check(first_), "ok");
  published_ = fail(Code::unavailable, "away");
  clock_.advance(10s);
  EXPECT_EQ(check(second_), "unavailable");
  EXPECT_EQ(check(second_), "unavailable");
  EXPECT_EQ(fetches_, 2);  // an outage is not made worse
  EXPECT_EQ(check(first_), "ok");
  EXPECT_EQ(check(forger_), "unauthenticated");
  published_ = second_.jwk();
  clock_.advance(1s);
  EXPECT_EQ(check(second_), "ok");
}

TEST_F(KeyRingTest, LetsEveryTokenPassToAServiceThatPublishesNoKey) {
  EXPECT_EQ(check(first_), "ok");
  EXPECT_EQ(check(second_), "ok");
  EXPECT_EQ(fetches_, 1);
  published_ = first_.jwk();
  clock_.advance(10s);
  EXPECT_EQ(check(second_), "unauthenticated");
}

TEST_F(KeyRingTest, KeepsTheLastFourKeys) {
  for (int i = 0; i < 5; ++i) {
    const Signer signer("key-" + std::to_string(i));
    published_ = signer.jwk();
    clock_.advance(10s);
    EXPECT_EQ(check(signer), "ok");
  }
  published_ = fail(Code::unavailable, "away");
  clock_.advance(10s);
  EXPECT_EQ(check(Signer("key-0")), "unavailable");  // forgotten: it has to ask
  EXPECT_EQ(check(Signer("key-1")), "unauthenticated");
}

TEST_F(KeyRingTest, FetchesOnceForManyThreads) {
  constexpr int kThreads = 8;
  std::latch all_wait(1);
  std::atomic<int> fetches = 0;
  std::atomic<int> passed = 0;
  KeyRing ring(clock_, [&](Deadline) -> Result<std::optional<Jwk>> {
    ++fetches;
    all_wait.wait();
    return first_.jwk();
  });
  TestThreads threads(kThreads, [&](int) { passed += ring.check(first_.token(), kNoDeadline) ? 1 : 0; });
  threads.wait_until_all_block();
  all_wait.count_down();
  threads.join();
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(passed, kThreads);
}

TEST_F(KeyRingTest, LetsAThreadGoWhenItsDeadlineComesFirst) {
  std::latch is_fetching(1);
  std::latch may_answer(1);
  KeyRing ring(clock_, [&](Deadline) -> Result<std::optional<Jwk>> {
    is_fetching.count_down();
    may_answer.wait();
    return first_.jwk();
  });
  TestThreads fetching(1, [&](int) { EXPECT_TRUE(ring.check(first_.token(), kNoDeadline)); });
  is_fetching.wait();
  const auto late = ring.check(first_.token(), std::chrono::steady_clock::now());
  may_answer.count_down();
  fetching.join();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace mcdsl::auth::internal
