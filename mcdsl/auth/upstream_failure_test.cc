// What an operator is told when MCIAS does not answer as it should, and that nobody gets in meanwhile.
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/auth/internal/mcias_for_test.h"
#include "mcdsl/auth/protocol.h"
#include "mcdsl/base/time.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::auth {
namespace {

using namespace std::chrono_literals;
using internal::TestRequest;
using internal::TestResponse;
using internal::TestServer;
using protocol::kPublicKeyPath;
using protocol::kValidatePath;
using ::testing::HasSubstr;
using ::testing::Not;

class UpstreamFailure : public ::testing::Test {
 protected:
  /// What an authenticator with these settings reports about a token that is good.
  std::string failure(const config::Mcias& settings) {
    const Authenticator authenticator(settings, {.clock = clock_, .logger = log_.logger()});
    const auto caller = authenticator.verify(token_);
    EXPECT_FALSE(caller);
    if (caller) {
      return "";
    }
    EXPECT_EQ(caller.error().code(), Code::unavailable);
    EXPECT_EQ(caller.error().public_text(), "service unavailable");
    EXPECT_NE(caller.error().cause(), nullptr);
    return caller.error().to_string();
  }

  /// The same where MCIAS is a server with this certificate, trusted by `trusted`.
  std::string tls_failure(const testing::Certificate& certificate, const testing::CertificateAuthority& trusted,
                          int max_tls_version = 0, std::string_view host = "localhost") {
    const TestServer server(certificate, [](const TestRequest&) { return TestResponse(); }, max_tls_version);
    auto settings = mcias_.settings();
    settings.server_url = server.url(host);
    settings.ca_cert = dir_.write("ca.pem", trusted.certificate());
    return failure(settings);
  }

  testing::ManualClock clock_;
  testing::LogCapture log_;
  testing::TempDir dir_;
  testing::CertificateAuthority ca_;
  std::latch test_is_over_{1};
  internal::TestMcias mcias_{clock_};
  const std::string token_ = mcias_.issue();
};

TEST_F(UpstreamFailure, NamesTheUnknownAuthority) {
  const auto text = tls_failure(testing::CertificateAuthority("a stranger").issue(), ca_);
  EXPECT_THAT(text, HasSubstr("TLS: the certificate is not trusted: unable to get local issuer certificate"));
  EXPECT_THAT(text, HasSubstr("it is for DNS:localhost, IP:127.0.0.1, IP:::1; issued by CN=a stranger"));
}

TEST_F(UpstreamFailure, NamesTheMissingIntermediate) {
  auto certificate = ca_.intermediate("between").issue();
  certificate.chain = certificate.leaf;
  EXPECT_THAT(tls_failure(certificate, ca_), HasSubstr("issued by CN=between"));
}

TEST_F(UpstreamFailure, NamesTheHostsOfACertificateForAnother) {
  const auto text = tls_failure(ca_.issue({.names = {"mcias.example.org", "*.mc.example.org", "10.0.0.1"}}), ca_);
  EXPECT_THAT(text, HasSubstr("TLS: "));
  EXPECT_THAT(text, HasSubstr("'localhost'"));
  EXPECT_THAT(text, HasSubstr("it is for DNS:mcias.example.org, DNS:*.mc.example.org, IP:10.0.0.1"));
  EXPECT_THAT(text, Not(HasSubstr("not trusted")));
}

TEST_F(UpstreamFailure, NamesTheAddressThatACertificateLacks) {
  const auto text = tls_failure(ca_.issue({.names = {"localhost"}}), ca_, 0, "127.0.0.1");
  EXPECT_THAT(text, HasSubstr("127.0.0.1"));
  EXPECT_THAT(text, HasSubstr("it is for DNS:localhost;"));
}

TEST_F(UpstreamFailure, NamesTheDatesOfAnExpiredCertificate) {
  const auto expired = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() - 24h);
  const auto text = tls_failure(ca_.issue({.not_before = expired - 24h, .not_after = expired}), ca_);
  EXPECT_THAT(text, HasSubstr("certificate has expired"));
  EXPECT_THAT(text, HasSubstr("to " + format_rfc3339(expired)));
}

TEST_F(UpstreamFailure, NamesACertificateThatIsNotValidYet) {
  const auto now = std::chrono::system_clock::now();
  EXPECT_THAT(tls_failure(ca_.issue({.not_before = now + 24h, .not_after = now + 48h}), ca_),
              HasSubstr("certificate is not yet valid"));
}

TEST_F(UpstreamFailure, RefusesAnOlderTls) {
  EXPECT_THAT(tls_failure(ca_.issue(), ca_, TLS1_2_VERSION), HasSubstr("TLS: "));
}

TEST_F(UpstreamFailure, NamesARefusedConnection) {
  auto settings = mcias_.settings();
  {
    const TestServer gone(ca_.issue(), [](const TestRequest&) { return TestResponse(); });
    settings.server_url = gone.url();
  }
  EXPECT_THAT(failure(settings), HasSubstr("connect: Connection refused"));
}

TEST_F(UpstreamFailure, NamesAHostThatDnsDoesNotKnow) {
  auto settings = mcias_.settings();
  settings.server_url = "https://" + std::string(64, 'x') + ".invalid";  // longer than a label may be: no query is sent
  EXPECT_THAT(failure(settings), HasSubstr(".invalid/v1/keys/public: DNS: "));
}

TEST_F(UpstreamFailure, NamesATimeout) {
  mcias_.answer(kPublicKeyPath, {.status = 404});
  mcias_.answer(kValidatePath, [this](const TestRequest&) {
    test_is_over_.wait();
    return TestResponse();
  });
  auto settings = mcias_.settings();
  settings.timeout = 200ms;
  EXPECT_THAT(failure(settings), HasSubstr("timeout: "));
  test_is_over_.count_down();
}

TEST_F(UpstreamFailure, EndsWithThePatienceOfWhoAsks) {
  mcias_.answer(kPublicKeyPath, {.status = 404});
  mcias_.answer(kValidatePath, [this](const TestRequest&) {
    test_is_over_.wait();
    return TestResponse();
  });
  auto settings = mcias_.settings();
  settings.timeout = 1h;
  const Authenticator authenticator(settings, {.clock = clock_, .logger = log_.logger()});
  const auto caller = authenticator.verify(token_, 100ms);
  ASSERT_FALSE(caller);
  EXPECT_EQ(caller.error().code(), Code::unavailable);
  EXPECT_THAT(caller.error().to_string(), HasSubstr("timeout: "));
  test_is_over_.count_down();
}

TEST_F(UpstreamFailure, DoesNotTakeA5xxForARefusal) {
  for (const int status : {500, 502, 503, 504, 599}) {
    mcias_.answer(kValidatePath, {.status = status, .body = R"({"valid":false})"});
    EXPECT_THAT(failure(mcias_.settings()), HasSubstr("/v1/token/validate: status " + std::to_string(status)));
  }
}

TEST_F(UpstreamFailure, TakesNoOtherStatusForAnAnswer) {
  for (const int status : {201, 204, 301, 302, 307, 400, 401, 403, 404, 429}) {
    TestResponse response{.status = status, .body = R"({"valid":false})"};
    if (status == 204) {
      response.body.clear();
    }
    response.headers["Location"] = mcias_.server().url() + std::string(protocol::kHealthPath);
    mcias_.answer(kValidatePath, response);
    EXPECT_THAT(failure(mcias_.settings()), HasSubstr("status " + std::to_string(status)));
  }
  EXPECT_EQ(mcias_.calls(protocol::kHealthPath), 0);  // redirects are not followed
}

TEST_F(UpstreamFailure, MakesNothingOfGarbage) {
  const std::string whole =
      R"("subject":"1","username":"a","account_type":"human","expires_at":"2026-01-02T00:00:00Z")";
  for (const std::string& body :
       {std::string(), std::string("valid"), std::string("{}"), std::string("[]"), std::string(R"({"valid":"true"})"),
        std::string(R"({"valid":true})"), std::string(R"({"valid":true,"valid":false})"),
        R"({"valid":1,)" + whole + "}", R"({"valid":true,"roles":"admin",)" + whole + "}",
        std::string(R"({"valid":true,"subject":"1","username":"a","account_type":"root",)"
                    R"("expires_at":"2026-01-02T00:00:00Z"})"),
        std::string(R"({"valid":true,"subject":"","username":"a","account_type":"human",)"
                    R"("expires_at":"2026-01-02T00:00:00Z"})"),
        std::string(R"({"valid":true,"subject":"1","username":"a","account_type":"human","expires_at":"soon"})")}) {
    mcias_.answer(kValidatePath, {.body = body});
    EXPECT_THAT(failure(mcias_.settings()), HasSubstr("the answer ")) << body;
  }
  mcias_.answer(kValidatePath, {.body = R"({"valid":true,"new":{"in":["v2"]},)" + whole + "}"});
  EXPECT_TRUE(Authenticator(mcias_.settings(), {.clock = clock_}).verify(token_));
}

TEST_F(UpstreamFailure, StopsReadingAnAnswerThatIsTooLong) {
  mcias_.answer(kValidatePath, {.body = R"({"valid":false,"x":")" + std::string(1 << 20, 'x') + "\"}"});
  EXPECT_THAT(failure(mcias_.settings()), HasSubstr("the answer is longer than 65536 bytes"));
  mcias_.answer(kValidatePath, {.body = "{}", .headers = {{"X-Long", std::string(70'000, 'x')}}});
  EXPECT_THAT(failure(mcias_.settings()), HasSubstr("the answer is longer than 65536 bytes"));
}

TEST_F(UpstreamFailure, IsOverAsSoonAsMciasAnswersAgain) {
  const Authenticator authenticator(mcias_.settings(), {.clock = clock_});
  mcias_.answer(kPublicKeyPath, {.status = 503});
  EXPECT_FALSE(authenticator.verify(token_));
  mcias_.answer(kPublicKeyPath, {.status = 404});
  EXPECT_TRUE(authenticator.verify(token_));
}

TEST_F(UpstreamFailure, LeavesRememberedCallersAlone) {
  const Authenticator authenticator(mcias_.settings(), {.clock = clock_});
  EXPECT_TRUE(authenticator.verify(token_));
  mcias_.answer(kValidatePath, {.status = 503});
  clock_.advance(29s);
  EXPECT_TRUE(authenticator.verify(token_));
  clock_.advance(1s);
  EXPECT_FALSE(authenticator.verify(token_));
}

TEST_F(UpstreamFailure, IsLoggedOnceWhenItStartsAndOnceWhenItEnds) {
  const Authenticator authenticator(mcias_.settings(), {.clock = clock_, .logger = log_.logger()});
  const auto count = [this](std::string_view piece) {
    std::size_t found = 0;
    const auto text = log_.text();
    for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
      ++found;
    }
    return found;
  };
  mcias_.answer(protocol::kHealthPath, {.status = 503});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(authenticator.ping());
  }
  EXPECT_EQ(count("the identity service does not answer"), 1U);
  EXPECT_EQ(count("status 503"), 1U);
  mcias_.answer(protocol::kHealthPath, {.body = R"({"status":"ok"})"});
  EXPECT_TRUE(authenticator.ping());
  EXPECT_TRUE(authenticator.ping());
  EXPECT_EQ(count("the identity service answers again"), 1U);
}

// Everything secret goes through every failure, echoed by the server wherever it can.
TEST_F(UpstreamFailure, PutsNoSecretIntoAnErrorOrTheLog) {
  const Authenticator authenticator(mcias_.settings(), {.clock = clock_, .logger = log_.logger()});
  const Credentials credentials{
      .username = "alice", .password = Secret("canary-password"), .totp_code = Secret("canary-code")};
  std::string errors;
  const auto note = [&](const auto& result) {
    EXPECT_FALSE(result);
    if (!result) {
      errors.append(result.error().to_string()).append(result.error().public_text());
    }
  };
  const auto echo = [](int status, const std::string& before, const std::string& after) {
    return [=](const TestRequest& request) {
      const auto header = request.headers.find("authorization");
      const auto seen = request.body + (header == request.headers.end() ? "" : header->second);
      return TestResponse{.status = status, .body = before + seen + after, .headers = {{"X-Echo", seen}}};
    };
  };
  for (const int status : {200, 400, 401, 403, 429, 500}) {
    for (const std::string before : {"", "{\"valid\":\"", "{\"token\":\"", "{\"", "{\"error\":\""}) {
      for (const auto path : {kValidatePath, protocol::kLoginPath, protocol::kLogoutPath, protocol::kRenewPath}) {
        mcias_.answer(path, echo(status, before, "\"}"));
      }
      note(authenticator.verify(token_));
      note(authenticator.login(credentials));
      note(authenticator.renew(token_));
      if (status != 200 && status != 401) {
        note(authenticator.logout(token_));
      }
      clock_.advance(10s);
    }
  }
  const std::string all = errors + log_.text();
  EXPECT_THAT(all, HasSubstr("makes no sense"));
  EXPECT_THAT(all, Not(HasSubstr("canary")));
  EXPECT_THAT(all, Not(HasSubstr(token_.substr(token_.rfind('.') + 1))));
  EXPECT_THAT(all, Not(HasSubstr(token_.substr(0, token_.find('.')))));
}

}  // namespace
}  // namespace mcdsl::auth
