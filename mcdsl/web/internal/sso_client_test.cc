#include "mcdsl/web/internal/sso_client.h"

#include <chrono>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::web::internal {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kCallback = "https://notes.example.org/sso/callback";

class SsoClientTest : public ::testing::Test {
 protected:
  // A parameter of the address that the browser is sent to.
  static std::string sent(const SsoClient::Begin& begin, std::string_view name) {
    http::Request request;
    request.start(http::Method::get, begin.location.substr(begin.location.find("/sso")));
    return request.query_param(name).value().value_or("");
  }
  static http::Request back(const std::string& query, const std::vector<http::Cookie>& cookies) {
    http::Request request;
    request.start(http::Method::get, "/sso/callback?" + query);
    std::string field;
    for (const http::Cookie& cookie : cookies) {
      field += (field.empty() ? "" : "; ") + cookie.name + "=" + cookie.value;
    }
    if (!field.empty()) {
      request.mutable_headers().add("cookie", field);
    }
    return request;
  }
  // Why the browser that comes back is refused; empty where it is not.
  [[nodiscard]] std::string refusal(const std::string& query, const std::vector<http::Cookie>& cookies) const {
    const auto finish = client.finish(back(query, cookies));
    return finish ? "" : finish.error().message();
  }
  [[nodiscard]] SsoClient::Begin begin(std::string_view return_to = "/a") const { return client.begin({}, return_to); }

  testing::TempDir dir;
  testing::ManualClock clock;
  csrf::KeyFile keys{dir / "web.keys", clock};
  SsoClient client{{.authorize_url = "https://mcias.example.org/sso/authorize",
                    .client_id = "notes",
                    .redirect_uri = std::string(kCallback),
                    .cookie_prefix = "__Host-notes_sso_"},
                   keys,
                   clock};
};

TEST_F(SsoClientTest, SendsTheBrowserWithAStateAndTheHashOfASecret) {
  const auto first = begin();
  EXPECT_TRUE(first.location.starts_with("https://mcias.example.org/sso/authorize?client_id=notes&")) << first.location;
  EXPECT_EQ(sent(first, "redirect_uri"), kCallback);
  EXPECT_EQ(sent(first, "code_challenge_method"), "S256");
  EXPECT_EQ(sent(first, "state").size(), 43U);
  EXPECT_EQ(first.cookie.max_age, 10min);
  EXPECT_EQ(first.cookie.same_site, http::SameSite::lax);
  EXPECT_TRUE(first.cookie.http_only && first.cookie.secure);
  EXPECT_TRUE(first.cookie.name.starts_with("__Host-notes_sso_"));
  const auto second = begin();
  EXPECT_NE(sent(first, "state"), sent(second, "state"));
  EXPECT_NE(sent(first, "code_challenge"), sent(second, "code_challenge"));
  EXPECT_NE(first.cookie.name, second.cookie.name);
}

TEST_F(SsoClientTest, TakesBackTheBrowserThatItSent) {
  const auto sent_off = begin("/documents?page=2");
  const auto finish = client.finish(
      back("code=the-code&state=" + sent(sent_off, "state"), {{.name = "other", .value = "1"}, sent_off.cookie}));
  ASSERT_TRUE(finish) << finish.error().to_string();
  EXPECT_EQ(finish->code.code.reveal(), "the-code");
  EXPECT_EQ(finish->code.client_id, "notes");
  EXPECT_EQ(finish->code.redirect_uri, kCallback);
  EXPECT_EQ(finish->return_to, "/documents?page=2");
  EXPECT_EQ(finish->cookie_name, sent_off.cookie.name);
  EXPECT_EQ(base64url_encode(crypto::as_bytes(crypto::sha256(finish->code.code_verifier.reveal()))),
            sent(sent_off, "code_challenge"));
}

TEST_F(SsoClientTest, KeepsTabsApartWhicheverComesBackFirst) {
  const auto a = begin("/a");
  const auto b = begin("/b");
  const auto from_b = client.finish(back("code=b&state=" + sent(b, "state"), {a.cookie, b.cookie}));
  const auto from_a = client.finish(back("code=a&state=" + sent(a, "state"), {a.cookie, b.cookie}));
  ASSERT_TRUE(from_a && from_b);
  EXPECT_EQ(from_a->return_to, "/a");
  EXPECT_EQ(from_b->return_to, "/b");
  EXPECT_NE(from_a->code.code_verifier.reveal(), from_b->code.code_verifier.reveal());
}

TEST_F(SsoClientTest, RefusesAStateThatIsMissingDoubledOrUnknownToTheBrowser) {
  const auto ours = begin();
  const auto state = sent(ours, "state");
  EXPECT_TRUE(refusal("code=c", {ours.cookie}).contains("no state"));
  EXPECT_TRUE(refusal("", {ours.cookie}).contains("no state"));
  EXPECT_TRUE(refusal("code=c&state=", {ours.cookie}).contains("no state"));
  EXPECT_TRUE(refusal("code=c&state=" + state + "&state=" + state, {ours.cookie}).contains("no state"));
  EXPECT_TRUE(refusal("code=c&state=%zz", {ours.cookie}).contains("no state"));
  EXPECT_TRUE(refusal("code=c&state=invented", {ours.cookie}).contains("no cookie"));
  EXPECT_TRUE(refusal("code=c&state=" + state, {}).contains("no cookie")) << "another browser";
  EXPECT_TRUE(refusal("state=" + state, {ours.cookie}).contains("no code"));
}

// An attacker's own state and code in the victim's browser, with whatever cookie the victim has.
TEST_F(SsoClientTest, RefusesAStateWithTheCookieOfAnother) {
  const auto victims = begin();
  const auto attackers = begin();
  http::Cookie renamed = victims.cookie;
  renamed.name = attackers.cookie.name;
  EXPECT_TRUE(refusal("code=c&state=" + sent(attackers, "state"), {victims.cookie}).contains("no cookie"));
  EXPECT_TRUE(refusal("code=c&state=" + sent(attackers, "state"), {renamed}).contains("does not belong"));
  renamed.value = "forged";
  EXPECT_TRUE(refusal("code=c&state=" + sent(attackers, "state"), {renamed}).contains("does not belong"));
}

TEST_F(SsoClientTest, RefusesAStateThatWasUsedEvenWithItsCookie) {
  const auto once = begin();
  EXPECT_EQ(refusal("code=first&state=" + sent(once, "state"), {once.cookie}), "");
  EXPECT_TRUE(refusal("code=second&state=" + sent(once, "state"), {once.cookie}).contains("used"));
}

TEST_F(SsoClientTest, RefusesAStateAfterTenMinutes) {
  const auto in_time = begin();
  const auto late = begin();
  clock.advance(10min - 1s);
  EXPECT_EQ(refusal("code=c&state=" + sent(in_time, "state"), {in_time.cookie}), "");
  clock.advance(1s);
  EXPECT_TRUE(refusal("code=c&state=" + sent(late, "state"), {late.cookie}).contains("too old"));
}

TEST_F(SsoClientTest, SaysThatTheIdentityServiceLetNobodyIn) {
  const auto refused = begin();
  const auto finish = client.finish(back("error=access_denied&state=" + sent(refused, "state"), {refused.cookie}));
  ASSERT_FALSE(finish);
  EXPECT_EQ(finish.error().code(), Code::permission_denied);
}

TEST_F(SsoClientTest, ReturnsNowhereButHere) {
  for (const std::string_view wanted : {"//evil.example", "https://evil.example", "/\\evil.example", ""}) {
    const auto sent_off = begin(wanted);
    const auto finish = client.finish(back("code=c&state=" + sent(sent_off, "state"), {sent_off.cookie}));
    ASSERT_TRUE(finish);
    EXPECT_EQ(finish->return_to, "/") << wanted;
  }
}

TEST_F(SsoClientTest, DropsLoginsThatWereNeverFinishedBeforeTheHeaderGrowsTooLong) {
  http::Headers headers;
  std::string field = "other=1";
  for (int i = 0; i < 7; ++i) {
    const auto pending = begin();
    field += "; " + pending.cookie.name + "=" + pending.cookie.value;
  }
  headers.set("cookie", field);
  EXPECT_TRUE(client.begin(headers, "/").excess.empty());
  headers.set("cookie", field + "; __Host-notes_sso_0123456789abcdef=x");
  EXPECT_EQ(client.begin(headers, "/").excess.size(), 8U);
}

}  // namespace
}  // namespace mcdsl::web::internal
