#include "mcdsl/testing/secret_watch.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/log_capture.h"

namespace mcdsl::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// An application that says in its log what it should keep to itself.
class Leaky {
 public:
  Leaky() {
    router_.post("/form", [this](const http::Request& request) {
      log_.logger().info("form", {{"fields", request.body()}});
      return http::html(R"(<input type="hidden" name="csrf_token" value="masked-for-this-page">)");
    });
    router_.post("/json", [this](const http::Request& request) {
      log_.logger().info("json", {{"body", request.body()}});
      return http::json(R"({"token":"token-of-the-answer","expires_at":1})");
    });
    router_.get("/callback", [this](const http::Request& request) {
      log_.logger().info("callback", {{"query", request.query()}});
      return http::no_content().with_status(303).with_header("location", "https://id.test/?state=state-of-the-way-out");
    });
    router_.get("/cookies", [this](const http::Request& request) {
      log_.logger().info("cookies", {{"cookie", request.header("cookie").value_or("")}});
      return http::no_content().with_header("set-cookie", "pre=value-that-is-new; Path=/; Secure");
    });
    router_.get("/headers", [this](const http::Request& request) {
      log_.logger().info("headers", {{"bearer", request.bearer_token().value_or("")},
                                     {"csrf", request.header("x-csrf-token").value_or("")}});
      return http::no_content();
    });
    router_.get("/silent", [] { return http::no_content(); });
  }

  [[nodiscard]] std::set<std::string> leaked() const { return watch.kinds_in(log_.text()); }

  http::Router router_;
  LogCapture log_;
  SecretWatch watch{router_};
  AppClient client{watch};
};

TEST(SecretWatch, FindsWhatAnApplicationLogsOfEachPlaceThatHasSecrets) {
  Leaky form;
  (void)form.client.with_header("content-type", kFormType)
      .send(http::Method::post, "/form",
            "user=alice&password=correct+horse&totp_code=123456&csrf_token=token-of-a-form");
  EXPECT_THAT(form.leaked(), UnorderedElementsAre("password", "totp_code", "csrf_token"));

  Leaky json;
  (void)json.client.post("/json", R"({"username":"alice","password":"correct horse","totp_code":"123456"})");
  EXPECT_THAT(json.leaked(), UnorderedElementsAre("password", "totp_code"));
  EXPECT_THAT(json.watch.kinds(), Contains("token")) << "of the answer";

  Leaky callback;
  (void)callback.client.get("/callback?code=code-of-sign-on&state=state%2Fof%2Fsign-on&page=2");
  EXPECT_THAT(callback.leaked(), UnorderedElementsAre("code", "state"));

  Leaky cookies;
  (void)cookies.client.with_header("cookie", "a=value-of-a-cookie;  b=another-of-these; c").get("/cookies");
  EXPECT_THAT(cookies.leaked(), UnorderedElementsAre("cookie a", "cookie b"));
  EXPECT_THAT(cookies.watch.kinds(), Contains("cookie pre")) << "of the answer";

  Leaky headers;
  (void)headers.client.with_header("authorization", "Bearer token-of-a-program")
      .with_header("x-csrf-token", "token-of-a-script")
      .get("/headers");
  EXPECT_THAT(headers.leaked(), UnorderedElementsAre("token", "csrf_token"));
}

TEST(SecretWatch, FindsWhatAnAnswerTold) {
  Leaky leaky;
  (void)leaky.client.with_header("content-type", kFormType).send(http::Method::post, "/form", "a=b");
  (void)leaky.client.post("/json", "{}");
  (void)leaky.client.get("/callback");
  (void)leaky.client.get("/cookies");
  EXPECT_THAT(leaky.leaked(), IsEmpty());
  for (const auto& [kind, value] :
       std::vector<std::pair<std::string, std::string>>{{"csrf_token", "masked-for-this-page"},
                                                        {"token", "token-of-the-answer"},
                                                        {"state", "state-of-the-way-out"},
                                                        {"cookie pre", "value-that-is-new"}}) {
    EXPECT_THAT(leaky.watch.kinds_in("level=info msg=x y=\"z " + value + "\"\n"), UnorderedElementsAre(kind));
  }
}

TEST(SecretWatch, FindsASecretHoweverALineHasIt) {
  const http::Router router;
  const SecretWatch watch(router);
  const std::string sealed = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdEfGhIjKlMnOpQrStUvWxYz";
  watch.learn("password", "correct horse");
  watch.learn("totp_code", "123 456");
  watch.learn("cookie session", sealed);
  EXPECT_THAT(watch.kinds_in(R"(path="/x?p=correct%20horse")"), UnorderedElementsAre("password"));
  EXPECT_THAT(watch.kinds_in(R"(error="no code 123456")"), UnorderedElementsAre("totp_code"));
  EXPECT_THAT(watch.kinds_in("typed=\"123 456\""), IsEmpty()) << "fewer than eight bytes, and no code as it is sent";
  EXPECT_THAT(watch.kinds_in("cut=" + sealed.substr(0, 50)), UnorderedElementsAre("cookie session"));
  EXPECT_THAT(watch.kinds_in("cut=" + sealed.substr(10)), UnorderedElementsAre("cookie session"));
  EXPECT_THAT(watch.kinds_in("t=eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln"), UnorderedElementsAre("token"));
}

TEST(SecretWatch, TakesNoFigureForACodeAndNoWordForASecret) {
  const http::Router router;
  const SecretWatch watch(router);
  watch.learn("totp_code", "123456");
  watch.learn("password", "wrong");
  watch.learn("password", "");
  EXPECT_THAT(watch.kinds(), UnorderedElementsAre("totp_code"));
  EXPECT_THAT(watch.kinds_in("duration=0.123456 bytes=1234567 id=a123456 time=123456.5 msg=\"wrong password\""),
              IsEmpty());
  EXPECT_THAT(watch.kinds_in("file=eyJ.txt other=eyJhbGciOi"), IsEmpty());
}

TEST(SecretWatch, PassesEverythingOn) {
  Leaky leaky;
  EXPECT_EQ(leaky.client.get("/silent").status, 204);
  EXPECT_EQ(leaky.client.get("/nowhere").status, 404);
  EXPECT_EQ(leaky.client.post("/json", "{}").body, R"({"token":"token-of-the-answer","expires_at":1})");
  EXPECT_TRUE(leaky.log_.contains("msg=json"));
}

}  // namespace
}  // namespace mcdsl::testing
