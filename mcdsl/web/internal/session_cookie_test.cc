#include "mcdsl/web/internal/session_cookie.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "mcdsl/web/internal/audience.h"

namespace mcdsl::web::internal {
namespace {

using namespace std::chrono_literals;

class SessionCookie : public ::testing::Test {
 protected:
  [[nodiscard]] SealedSession fresh() const {
    return {.token = Secret("a.token.signed"),
            .id = random_id(),
            .logged_in_at = clock.now(),
            .last_seen_at = clock.now(),
            .expires_at = clock.now() + 12h,
            .roles = print_of({"user"})};
  }
  [[nodiscard]] bool opens(std::string_view value) const { return codec.open(value, clock.now()).has_value(); }

  testing::TempDir dir;
  testing::ManualClock clock;
  csrf::KeyFile keys{dir / "web.keys", clock};
  SessionCodec codec{keys, "__Host-notes_session", {.idle_timeout = 1h, .lifetime = 24h}};
};

TEST_F(SessionCookie, OpensToWhatWasSealed) {
  const SealedSession session = fresh();
  const auto opened = codec.open(codec.seal(session), clock.now());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->token.reveal(), "a.token.signed");
  EXPECT_EQ(opened->id, session.id);
  EXPECT_EQ(opened->logged_in_at, session.logged_in_at);
  EXPECT_EQ(opened->last_seen_at, session.last_seen_at);
  EXPECT_EQ(opened->expires_at, session.expires_at);
  EXPECT_EQ(opened->roles, session.roles);
}

TEST_F(SessionCookie, ShowsNothingOfTheTokenToItsBearer) {
  const std::string value = codec.seal(fresh());
  EXPECT_FALSE(base64url_decode(value).value().contains("token"));
}

TEST_F(SessionCookie, IsRefusedWithOneBitFlipped) {
  const std::string value = codec.seal(fresh());
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string changed = value;
    changed[bit / 8] = static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_FALSE(opens(changed)) << bit;
  }
}

TEST_F(SessionCookie, IsRefusedAsACookieOfAnotherNameOrService) {
  const SessionCodec other(keys, "__Host-other_session", {.idle_timeout = 1h, .lifetime = 24h});
  EXPECT_FALSE(opens(other.seal(fresh())));
}

TEST_F(SessionCookie, EndsAnHourAfterTheLastRequest) {
  const std::string value = codec.seal(fresh());
  clock.advance(1h - 1s);
  EXPECT_TRUE(opens(value));
  clock.advance(1s);
  EXPECT_FALSE(opens(value));
}

TEST_F(SessionCookie, EndsADayAfterLoginHoweverBusy) {
  SealedSession session = fresh();
  session.expires_at = clock.now() + 48h;
  clock.advance(24h - 1s);
  session.last_seen_at = clock.now();
  EXPECT_TRUE(opens(codec.seal(session)));
  clock.advance(1s);
  EXPECT_FALSE(opens(codec.seal(session)));
}

TEST_F(SessionCookie, EndsWithItsToken) {
  SealedSession session = fresh();
  session.expires_at = clock.now() + 10min;
  clock.advance(10min);
  EXPECT_FALSE(opens(codec.seal(session)));
}

TEST_F(SessionCookie, IsRefusedFromTheFuture) {
  testing::ManualClock ahead;
  ahead.advance(2min);
  SealedSession session = fresh();
  session.last_seen_at = ahead.now();
  EXPECT_FALSE(opens(codec.seal(session)));
}

TEST_F(SessionCookie, OutlivesOneRotationOfTheKeys) {
  const std::string value = codec.seal(fresh());
  keys.rotate();
  EXPECT_TRUE(opens(value));
  keys.rotate();
  EXPECT_FALSE(opens(value));
}

TEST_F(SessionCookie, UnpacksNothingThatIsCutOrLonger) {
  const Secret packed = pack(fresh());
  for (std::size_t size = 0; size < packed.reveal().size(); ++size) {
    EXPECT_FALSE(unpack(packed.reveal().substr(0, size))) << size;
  }
  EXPECT_TRUE(unpack(packed.reveal()));
  EXPECT_FALSE(unpack(std::string(packed.reveal()) + "x"));
}

TEST(RolePrint, KnowsRolesInAnyOrderAndNoOthers) {
  EXPECT_EQ(print_of({"a", "b"}), print_of({"b", "a"}));
  EXPECT_NE(print_of({"a", "b"}), print_of({"ab"}));
  EXPECT_NE(print_of({"user"}), print_of({"user", "admin"}));
  EXPECT_NE(print_of({}), print_of({""}));
}

TEST(Audience, IsToldByWhatTheClientTakes) {
  const auto audience = [](std::string_view header, std::string_view value) {
    http::Request request;
    request.start(http::Method::get, "/");
    request.mutable_headers().add(header, value);
    return audience_of(request);
  };
  EXPECT_EQ(audience("accept", "text/html,application/xhtml+xml,*/*;q=0.8"), Audience::person);
  EXPECT_EQ(audience("accept", "application/xml, Text/HTML;q=0.9"), Audience::person);
  EXPECT_EQ(audience("accept", "*/*"), Audience::program);
  EXPECT_EQ(audience("accept", "application/json"), Audience::program);
  EXPECT_EQ(audience("accept", "text/html-like"), Audience::program);
  EXPECT_EQ(audience("x-other", "1"), Audience::program);
  EXPECT_EQ(audience("hx-request", "true"), Audience::htmx);
}

}  // namespace
}  // namespace mcdsl::web::internal
