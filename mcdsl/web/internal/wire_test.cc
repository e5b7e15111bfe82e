// The site as it is reached: over TLS, by HTTP/1.1, with an access log. What only a process of its own or a browser can
// show stands in tests/browser.

#include <memory>
#include <mutex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/web/internal/site_for_test.h"

namespace mcdsl::web::internal {
namespace {

using http::Method;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr std::string_view kMultipart = "multipart/form-data; boundary=frontier";

/// Sends what it is asked to serve over the wire, so that a TestBrowser has a connection under it.
class Wire final : public http::Application {
 public:
  Wire(std::uint16_t port, std::string trusted) : port_(port), trusted_(std::move(trusted)) {}

  http::BodyPlan plan(http::Request& /*request*/) const override { return {.max_bytes = std::size_t{64} << 20U}; }

  http::Response serve(http::Request& request) const override {
    std::string bytes(http::name(request.method()));
    bytes.append(" ").append(request.path());
    if (!request.query().empty()) {
      bytes.append("?").append(request.query());
    }
    bytes.append(" HTTP/1.1\r\nhost: notes.example.org\r\n");
    for (const auto& [name, value] : request.headers()) {
      bytes.append(name).append(": ").append(value).append("\r\n");
    }
    bytes.append("content-length: ").append(std::to_string(request.body().size())).append("\r\n\r\n");
    bytes.append(request.body());
    // Each on a connection of its own: a refused upload ends its one before it is whole.
    testing::HttpClient client("127.0.0.1", port_, {.trusted = trusted_, .name = "notes.example.org"});
    client.send(bytes);
    return client.receive(request.method() == Method::head).value_or(http::error(599, "no answer"));
  }

 private:
  std::uint16_t port_;
  std::string trusted_;
};

class WireTest : public ::testing::Test {
 protected:
  [[nodiscard]] config::Server server_config() const {
    config::Server config;
    config.listen_addr = "127.0.0.1:0";
    config.tls_cert = notes.dir.write("cert.pem", certificate.chain);
    config.tls_key = notes.dir.write("key.pem", certificate.key);
    return config;
  }
  static std::string part(std::string_view name, std::string_view value, std::string_view more = "") {
    return "--frontier\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" + std::string(more) +
           "\r\n\r\n" + std::string(value) + "\r\n";
  }
  http::Response upload(const std::string& body, const TestBrowser::Fields& more = {}) {
    TestBrowser::Fields fields{{"content-type", std::string(kMultipart)}, {"origin", "https://notes.example.org"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return browser.send(Method::post, "/upload", body + "--frontier--\r\n", fields);
  }

  TestSite notes;
  testing::CertificateAuthority authority;
  testing::Certificate certificate = authority.issue({.names = {"notes.example.org"}});
  httpserver::Server server{server_config(), notes.application, notes.log.logger()};
  std::unique_ptr<Wire> wire = (server.start(), std::make_unique<Wire>(server.address().port, authority.certificate()));
  TestBrowser browser{*wire};
};

TEST_F(WireTest, TakesAPersonFromTheLoginThroughAnUploadToTheLogout) {
  EXPECT_EQ(browser.get("/").status, 303);
  EXPECT_EQ(notes.log_in(browser).status, 303);
  EXPECT_THAT(browser.get("/").body, HasSubstr("<h1>Notes</h1>"));
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", browser.csrf_token()}}).status, 303);
  EXPECT_THAT(browser.get("/").body, HasSubstr("Saved &lt;it&gt;."));
  const std::string file(3'000'000, 'f');
  const auto stored = upload(part("csrf_token", browser.csrf_token()) + part("file", file, "; filename=\"a.txt\""));
  EXPECT_EQ(stored.body, "3000000") << stored.status;
  const auto by_script = upload(part("file", file, "; filename=\"a.txt\""), {{"x-csrf-token", browser.csrf_token()}});
  EXPECT_EQ(by_script.body, "3000000") << by_script.status;
  EXPECT_EQ(browser.post("/logout", {{"csrf_token", browser.csrf_token()}}).status, 303);
  EXPECT_EQ(browser.get("/").status, 303);
}

TEST_F(WireTest, RefusesAForeignPagesForms) {
  notes.log_in(browser);
  browser.get("/");
  const TestBrowser::Fields form{{"csrf_token", browser.csrf_token()}};
  for (const auto& [name, value] : TestBrowser::Fields{{"sec-fetch-site", "cross-site"},
                                                       {"sec-fetch-site", "same-site"},
                                                       {"origin", "null"},
                                                       {"origin", "https://evil.example"},
                                                       {"origin", "https://sub.notes.example.org"},
                                                       {"origin", "https://notes.example.org:8443"},
                                                       {"origin", "http://notes.example.org"}}) {
    EXPECT_EQ(browser.post("/notes", form, {{name, value}}).status, 403) << name << ": " << value;
    EXPECT_EQ(upload(part("csrf_token", browser.csrf_token()) + part("file", "f"), {{name, value}}).status, 403);
  }
  EXPECT_EQ(notes.notes, 0);
  EXPECT_EQ(browser.post("/notes", form).status, 303);
}

TEST_F(WireTest, GuardsEveryMethodWithEveryTypeOfBody) {
  notes.log_in(browser);
  browser.get("/");
  const std::string token = browser.csrf_token();
  const TestBrowser::Fields bodies{{"application/x-www-form-urlencoded", "a=b"},
                                   {std::string(kMultipart), part("a", "b") + "--frontier--\r\n"},
                                   {"application/json", R"({"csrf_token":")" + token + "\"}"},
                                   {"text/plain", "csrf_token=" + token}};
  for (const Method method : {Method::post, Method::put, Method::patch, Method::delete_}) {
    for (const auto& [type, body] : bodies) {
      EXPECT_EQ(browser.send(method, "/notes", body, {{"content-type", type}}).status, 403) << type;
      EXPECT_EQ(notes.notes, 0);
      EXPECT_EQ(browser.send(method, "/notes", body, {{"content-type", type}, {"x-csrf-token", token}}).status, 303);
      notes.notes = 0;
    }
  }
}

TEST_F(WireTest, TakesNothingOfAnUploadWhoseTokenIsWrong) {
  notes.log_in(browser);
  browser.get("/");
  TestBrowser attacker(*wire);
  notes.log_in(attacker, "mallory");
  attacker.get("/");
  const std::string file = part("file", std::string(100'000, 'f'), "; filename=\"a.txt\"");
  EXPECT_EQ(upload(file).status, 403);
  EXPECT_EQ(upload(part("csrf_token", attacker.csrf_token()) + file).status, 403);
  EXPECT_EQ(upload(file + part("csrf_token", browser.csrf_token())).status, 403);
  EXPECT_EQ(upload(file, {{"x-csrf-token", attacker.csrf_token()}}).status, 403);
  EXPECT_EQ(notes.uploaded, 0U);
  EXPECT_EQ(upload(part("csrf_token", browser.csrf_token()) + file).status, 200);
}

TEST_F(WireTest, RefusesTokensAndSessionsOfBeforeTheLogin) {
  browser.get("/login");
  const std::string token = browser.csrf_token();
  const std::string pre_session = browser.cookie(TestSite::kPreSession);
  notes.log_in(browser);
  browser.set_cookie(TestSite::kPreSession, pre_session);
  EXPECT_EQ(browser.post("/notes", {{"csrf_token", token}}).status, 403);
  TestBrowser before(*wire);
  before.set_cookie(TestSite::kPreSession, pre_session);
  EXPECT_EQ(before.get("/whoami").status, 303);
  before.set_cookie(TestSite::kSession, pre_session);
  EXPECT_EQ(before.get("/whoami").status, 303);
}

// TestSite searches its log when the server is gone, so what that says at its end is searched too.
TEST_F(WireTest, WritesNoSecretToTheAccessLog) {
  notes.log_in(browser);
  browser.get("/whoami?secret=canary-query");
  browser.post("/notes", {{"csrf_token", browser.csrf_token()}, {"text", "canary-form"}});
  browser.post("/logout", {{"csrf_token", browser.csrf_token()}});
  const std::string log = notes.log.text();
  EXPECT_THAT(log, HasSubstr("alice")) << "the log names who it was";
  EXPECT_THAT(log, Not(HasSubstr("canary")));
  EXPECT_THAT(notes.application.kinds(), IsSupersetOf({"password", "csrf_token", "cookie __Host-notes_session"}));
}

}  // namespace
}  // namespace mcdsl::web::internal
