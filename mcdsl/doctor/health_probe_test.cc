#include "mcdsl/doctor/health_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::doctor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string failure(const HealthProbe& probe) {
  try {
    static_cast<void>(probe.ask());
  } catch (const Exception& error) {
    EXPECT_EQ(error.error().code(), Code::unavailable);
    return error.what();
  }
  return "";
}

class HealthProbeTest : public ::testing::Test {
 protected:
  HealthProbeTest() {
    const auto certificate = ca_.issue({.names = {"notes.example.org"}});
    folder_.write("cert.pem", certificate.chain);
    folder_.write("key.pem", certificate.key);
    router_.get("/v1/health", [this](const http::Request&) { return http::text(body_); });
  }

  config::Server config(config::Tls tls) const {
    return {.listen_addr = "127.0.0.1:0", .tls = tls, .tls_cert = folder_ / "cert.pem", .tls_key = folder_ / "key.pem"};
  }

  testing::TempDir folder_;
  testing::CertificateAuthority ca_;
  std::string body_ = "fine";
  http::Router router_;
};

TEST_F(HealthProbeTest, TrustsTheCertificateOfTheServiceWhateverItsName) {
  httpserver::Server server(config(config::Tls::on), router_);
  server.start();
  body_ = std::string(100'000, 'x');
  const HealthProbe probe{.address = server.address(), .certificate = folder_ / "cert.pem"};
  const auto answer = probe.ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, body_);
}

TEST_F(HealthProbeTest, TrustsNoOtherCertificate) {
  httpserver::Server server(config(config::Tls::on), router_);
  server.start();
  const auto other = folder_.write("other.pem", testing::CertificateAuthority("other").issue().chain);
  const HealthProbe probe{.address = server.address(), .certificate = other};
  EXPECT_THAT(failure(probe),
              AllOf(StartsWith("no answer from https://127.0.0.1:"), HasSubstr("TLS: certificate ver")));
}

TEST_F(HealthProbeTest, NamesTheFileThatHoldsNoCertificate) {
  httpserver::Server server(config(config::Tls::on), router_);
  server.start();
  const HealthProbe probe{.address = server.address(), .certificate = folder_ / "none.pem"};
  EXPECT_THAT(failure(probe), HasSubstr("none.pem"));
}

TEST_F(HealthProbeTest, SaysThatAServerWithoutTlsHasNone) {
  httpserver::Server server(config(config::Tls::off), router_);
  server.start();
  EXPECT_EQ(HealthProbe{.address = server.address()}.ask().body, "fine");
  const HealthProbe probe{.address = server.address(), .certificate = folder_ / "cert.pem"};
  EXPECT_THAT(failure(probe), HasSubstr("TLS: "));
}

TEST_F(HealthProbeTest, DoesNotWaitForeverForAServerThatIsSilent) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_TRUE(::bind(listener.get(), generic, size) == 0 && ::listen(listener.get(), 1) == 0 &&
              ::getsockname(listener.get(), generic, &size) == 0);
  const HealthProbe probe{.address = {.host = "127.0.0.1", .port = ntohs(address.sin_port)},
                          .timeout = std::chrono::seconds(1)};
  EXPECT_THAT(failure(probe), HasSubstr("timeout"));
}

}  // namespace
}  // namespace mcdsl::doctor
