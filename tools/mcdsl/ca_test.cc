// `mcdsl ca`, and its certificates in the hands of a TLS server and of openssl.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/http/router.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/server.h"
#include "mcdsl/pki/certificate_info.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcdsl/program.h"

namespace mcdsl::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Ca : public ::testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string text;
  };

  // Failures that main() prints are in the text.
  Outcome run(std::vector<std::string> words, const Clock& clock = system_clock()) {
    words.insert(words.begin(), "ca");
    std::ostringstream out;
    try {
      const int code = cli::run(describe({.out = out, .err = out, .clock = clock}), words, out, out);
      return {code, out.str()};
    } catch (const Exception& problem) {
      return {1, problem.what()};
    }
  }

  [[nodiscard]] std::vector<pki::CertificateInfo> certificates(std::string_view file) const {
    return pki::read_certificates(read_file(folder_ / file).value()).value();
  }

  [[nodiscard]] unsigned mode(std::string_view file) const {
    return static_cast<unsigned>(std::filesystem::status(folder_ / file).permissions());
  }

  testing::TempDir folder_;
  std::string ca_ = (folder_ / "ca").string();
  std::string certs_ = (folder_ / "certs").string();
};

TEST_F(Ca, MakesAnAuthorityAndCertificatesOfIt) {
  ASSERT_EQ(run({"new", ca_, "--name", "Our services"}).code, 0);
  const Outcome issued = run({"issue", "--ca", ca_, "--out", certs_, "mcq.example.org", "127.0.0.1", "::1"});
  ASSERT_EQ(issued.code, 0) << issued.text;
  EXPECT_THAT(issued.text, HasSubstr("for mcq.example.org, 127.0.0.1, ::1\n"));
  const auto chain = certificates("certs/cert.pem");
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0].subject, "CN=mcq.example.org");
  EXPECT_EQ(chain[0].key, "P-256");
  EXPECT_EQ(chain[1].subject, "CN=Our services");
  EXPECT_EQ(mode("ca/ca.key"), 0600U);
  EXPECT_EQ(mode("certs/key.pem"), 0600U);
  EXPECT_EQ(mode("certs/cert.pem"), 0644U);
  EXPECT_EQ(mode("ca"), 0700U);
}

TEST_F(Ca, IssuesByTheIntermediateWhereThereIsOne) {
  ASSERT_EQ(run({"new", ca_, "--intermediate"}).code, 0);
  std::filesystem::remove(folder_ / "ca/ca.key");  // it may lie in a safe
  ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "localhost"}).code, 0);
  const auto chain = certificates("certs/cert.pem");
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0].issuer, chain[1].subject);
  EXPECT_EQ(chain[1].issuer, certificates("ca/ca.pem").front().subject);
}

TEST_F(Ca, SatisfiesATlsServerAndItsClients) {
  for (const char* kind : {"--key=p256", "--intermediate"}) {
    std::filesystem::remove_all(ca_);
    ASSERT_EQ(run({"new", ca_, kind}).code, 0);
    ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "--force", "localhost"}).code, 0);
    const net::CertificateStore store(folder_ / "certs/cert.pem", folder_ / "certs/key.pem", {}, system_clock(),
                                      {"localhost"});
    for (const auto& finding : store.findings()) {
      ADD_FAILURE() << finding.text;
    }
    http::Router router;
    router.get("/", [](const http::Request& /*request*/) { return http::text("served"); });
    net::Server server(router, {});
    const net::Address address = server.listen({.host = "127.0.0.1"}, &store);
    server.start();
    testing::HttpClient client("127.0.0.1", address.port, {.trusted = read_file(folder_ / "ca/ca.pem").value()});
    EXPECT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 200);
  }
}

TEST_F(Ca, NeverReplacesWhatIsThereUnasked) {
  ASSERT_EQ(run({"new", ca_}).code, 0);
  const std::string authority = read_file(folder_ / "ca/ca.pem").value();
  EXPECT_THAT(run({"new", ca_}).text, HasSubstr("holds an authority already"));
  EXPECT_EQ(read_file(folder_ / "ca/ca.pem").value(), authority);
  ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "localhost"}).code, 0);
  const std::string before = read_file(folder_ / "certs/cert.pem").value();
  EXPECT_THAT(run({"issue", "--ca", ca_, "--out", certs_, "localhost"}).text, HasSubstr("--force"));
  EXPECT_EQ(read_file(folder_ / "certs/cert.pem").value(), before);
}

TEST_F(Ca, RenewsForTheSameNamesWithANewKey) {
  ASSERT_EQ(run({"new", ca_}).code, 0);
  ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "--key", "p384", "a.example", "10.0.0.7"}).code, 0);
  const auto before = certificates("certs/cert.pem").front();
  const std::string key = read_file(folder_ / "certs/key.pem").value();
  ASSERT_EQ(run({"renew", "--ca", ca_, certs_}).code, 0);
  const auto after = certificates("certs/cert.pem").front();
  EXPECT_THAT(after.names, ElementsAre("a.example", "10.0.0.7"));
  EXPECT_EQ(after.key, "P-384");
  EXPECT_NE(after.serial, before.serial);
  EXPECT_NE(read_file(folder_ / "certs/key.pem").value(), key);
  EXPECT_NO_THROW(net::CertificateStore(folder_ / "certs/cert.pem", folder_ / "certs/key.pem"));
}

TEST_F(Ca, RenewsOnlyWhatEndsSoonWhenAskedTo) {
  testing::ManualClock clock;
  ASSERT_EQ(run({"new", ca_}, clock).code, 0);
  ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "--days", "90", "localhost"}, clock).code, 0);
  const auto first = certificates("certs/cert.pem").front();
  EXPECT_EQ(run({"show", certs_, "--within", "30"}, clock).code, 0);
  clock.advance(std::chrono::days(59));
  EXPECT_THAT(run({"renew", "--ca", ca_, "--within", "30", certs_}, clock).text, HasSubstr("and stays"));
  EXPECT_EQ(certificates("certs/cert.pem").front().serial, first.serial);
  clock.advance(std::chrono::days(2));
  EXPECT_EQ(run({"show", certs_, "--within", "30"}, clock).code, 1);
  EXPECT_EQ(run({"renew", "--ca", ca_, "--within", "30", certs_}, clock).code, 0);
  EXPECT_EQ(certificates("certs/cert.pem").front().not_after, first.not_after + std::chrono::days(61));
}

TEST_F(Ca, IssuesNothingThatOutlivesTheAuthority) {
  ASSERT_EQ(run({"new", ca_, "--days", "30"}).code, 0);
  EXPECT_THAT(run({"issue", "--ca", ca_, "--out", certs_, "localhost"}).text, HasSubstr("is only good until"));
  EXPECT_FALSE(std::filesystem::exists(certs_));
}

TEST_F(Ca, RefusesWhatMakesNoSense) {
  ASSERT_EQ(run({"new", ca_}).code, 0);
  EXPECT_THAT(run({"issue", "--ca", certs_, "localhost"}).text, HasSubstr("make one with mcdsl ca new"));
  EXPECT_THAT(run({"issue", "--ca", ca_, "--out", certs_, "a b"}).text, HasSubstr("neither a DNS name"));
  EXPECT_THAT(run({"issue", "--ca", ca_, "--out", certs_, "--days", "0", "a"}).text, HasSubstr("--days wants 1 to"));
  EXPECT_EQ(run({"issue", "--ca", ca_}).code, cli::kUsage);
  EXPECT_FALSE(std::filesystem::exists(certs_));
  folder_.write("ca/ca.key", "none");
  const Outcome damaged = run({"issue", "--ca", ca_, "--out", certs_, "a"});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_THAT(damaged.text, HasSubstr("key"));
}

TEST_F(Ca, ShowsCertificatesToPeopleAndMachines) {
  ASSERT_EQ(run({"new", ca_, "--name", "Our services"}).code, 0);
  ASSERT_EQ(run({"issue", "--ca", ca_, "--out", certs_, "mcq.example.org"}).code, 0);
  const Outcome text = run({"show", ca_, certs_});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.text, HasSubstr("1. CN=mcq.example.org\n     names    mcq.example.org\n"));
  EXPECT_THAT(text.text, HasSubstr("1. CN=Our services, an authority\n     issuer   itself\n"));
  EXPECT_THAT(text.text, Not(HasSubstr("PRIVATE KEY")));
  const Outcome json = run({"show", "--json", certs_ + "/cert.pem"});
  EXPECT_THAT(json.text, HasSubstr(R"("names":["mcq.example.org"])"));
  EXPECT_THAT(json.text, HasSubstr(R"("authority":true)"));
  EXPECT_THAT(run({"show", folder_.path().string()}).text, HasSubstr("holds neither"));
}

}  // namespace
}  // namespace mcdsl::tool
