#include "mcdsl/csrf/guard.h"

#include <chrono>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::csrf {
namespace {

using namespace std::chrono_literals;

class GuardTest : public ::testing::Test {
 protected:
  // Why a token is refused; empty where it is not.
  [[nodiscard]] std::string refusal(std::string_view binding, std::string_view token) const {
    const auto checked = guard.check(binding, token);
    if (checked) {
      return "";
    }
    EXPECT_EQ(checked.error().code(), Code::permission_denied);
    return checked.error().message();
  }

  testing::TempDir dir;
  testing::ManualClock clock;
  KeyFile keys{dir / "web.keys", clock};
  Guard guard{keys, {.max_age = 1h, .clock = clock}};
};

TEST_F(GuardTest, AcceptsWhatItIssuedForTheSession) {
  EXPECT_EQ(refusal("alice", guard.issue("alice")), "");
}

TEST_F(GuardTest, AcceptsATokenManyTimesAndOfAnyPageThatIsOpen) {
  const auto first = guard.issue("alice");
  const auto second = guard.issue("alice");
  EXPECT_EQ(refusal("alice", first), "");
  EXPECT_EQ(refusal("alice", second), "");
  EXPECT_EQ(refusal("alice", first), "");
}

// Where responses are compressed, a secret that stands in two of them can be guessed byte by byte.
TEST_F(GuardTest, IssuesNoTwoTokensThatLookAlike) {
  std::set<std::string> heads;
  std::set<std::string> tails;
  for (int i = 0; i < 200; ++i) {
    const std::string token = guard.issue("alice");
    EXPECT_TRUE(heads.insert(token.substr(0, 12)).second);
    EXPECT_TRUE(tails.insert(token.substr(token.size() - 12)).second);
  }
}

TEST_F(GuardTest, IssuesWhatAFormAndAHeaderCanCarryAsItIs) {
  EXPECT_EQ(guard.issue("alice").find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
}

TEST_F(GuardTest, RefusesEveryFlippedBitOfTheBytes) {
  const std::string bytes = base64url_decode(guard.issue("alice")).value();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_NE(refusal("alice", base64url_encode(changed)), "") << bit;
  }
}

TEST_F(GuardTest, RefusesEveryFlippedBitOfTheText) {
  const std::string token = guard.issue("alice");
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_NE(refusal("alice", changed), "") << bit;
  }
}

TEST_F(GuardTest, RefusesAnAttackersOwnTokenInTheVictimsSession) {
  const std::string token = guard.issue("mallory");
  EXPECT_EQ(refusal("mallory", token), "");
  EXPECT_TRUE(refusal("alice", token).contains("another session"));
}

// Bindings that share text with the signed part or with each other are still told apart.
TEST_F(GuardTest, RefusesATokenForABindingThatBeginsOrEndsAlike) {
  const std::string token = guard.issue("alice");
  EXPECT_NE(refusal("alic", token), "");
  EXPECT_NE(refusal("alicee", token), "");
  EXPECT_NE(refusal("lice", token), "");
}

TEST_F(GuardTest, RefusesWhatIsNoToken) {
  const std::string token = guard.issue("alice");
  EXPECT_TRUE(refusal("alice", "").contains("no token"));
  EXPECT_TRUE(refusal("alice", "token").contains("malformed"));
  EXPECT_TRUE(refusal("alice", token + "A").contains("malformed"));
  EXPECT_TRUE(refusal("alice", token + "=").contains("malformed"));
  EXPECT_TRUE(refusal("alice", " " + token).contains("malformed"));
  EXPECT_TRUE(refusal("alice", token.substr(1)).contains("malformed"));
  EXPECT_TRUE(refusal("alice", std::string(100'000, 'A')).contains("malformed"));
  EXPECT_TRUE(refusal("", token).contains("no session"));
  EXPECT_THROW((void)guard.issue(""), Exception);
}

TEST_F(GuardTest, RefusesATokenThatIsTooOld) {
  const std::string token = guard.issue("alice");
  clock.advance(1h);
  EXPECT_EQ(refusal("alice", token), "");
  clock.advance(1s);
  EXPECT_TRUE(refusal("alice", token).contains("too old"));
}

TEST_F(GuardTest, AllowsReplicasAMinuteOfDifferenceAndNoMore) {
  testing::ManualClock ahead;
  const Guard other(keys, {.max_age = 1h, .clock = ahead});
  ahead.advance(60s);
  EXPECT_EQ(refusal("alice", other.issue("alice")), "");
  ahead.advance(1s);
  EXPECT_TRUE(refusal("alice", other.issue("alice")).contains("future"));
}

TEST_F(GuardTest, AcceptsTheKeyBeforeARotationAndNotTheOneBeforeThat) {
  const std::string token = guard.issue("alice");
  keys.rotate();
  EXPECT_EQ(refusal("alice", token), "");
  EXPECT_EQ(refusal("alice", guard.issue("alice")), "");
  keys.rotate();
  EXPECT_TRUE(refusal("alice", token).contains("a key that is gone"));
}

TEST_F(GuardTest, AcceptsTheTokensOfAReplicaThatHasRotated) {
  KeyFile theirs(dir / "web.keys", clock);
  const Guard replica(theirs, {.max_age = 1h, .clock = clock});
  const std::string before = guard.issue("alice");
  theirs.rotate();
  EXPECT_EQ(refusal("alice", replica.issue("alice")), "");
  EXPECT_TRUE(replica.check("alice", before));
}

TEST_F(GuardTest, SaysTheSameToTheClientWhateverIsWrong) {
  const auto no_token = guard.check("alice", "");
  const auto forged = guard.check("alice", guard.issue("mallory"));
  EXPECT_EQ(no_token.error().public_text(), forged.error().public_text());
}

}  // namespace
}  // namespace mcdsl::csrf
