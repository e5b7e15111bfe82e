#include "mcdsl/config/standard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kOff = "server.tls = \"off\"\n";

TEST(Standard, HasThePlatformsDefaults) {
  const Standard standard = load_text<Standard>(kOff).value;
  EXPECT_EQ(standard.server.listen_addr, "127.0.0.1:8443");
  EXPECT_EQ(standard.server.grpc_addr, "");
  EXPECT_EQ(standard.server.read_timeout, std::chrono::seconds(30));
  EXPECT_EQ(standard.server.write_timeout, std::chrono::seconds(30));
  EXPECT_EQ(standard.server.idle_timeout, std::chrono::seconds(120));
  EXPECT_EQ(standard.server.shutdown_timeout, std::chrono::seconds(60));
  EXPECT_EQ(standard.database.busy_timeout, std::chrono::seconds(5));
  EXPECT_EQ(standard.log.level, log::Level::info);
  EXPECT_EQ(Server().tls, Tls::on);
}

TEST(Standard, ReadsAFileOfThePlatform) {
  const Standard standard = load_text<Standard>(R"(
[server]
listen_addr = "0.0.0.0:8443"
grpc_addr = ":9443"
tls_cert = "/srv/notes/certs/cert.pem"
tls_key = "/srv/notes/certs/key.pem"
read_timeout = "10s"

[database]
path = "/srv/notes/notes.db"
synchronous = "full"

[mcias]
server_url = "https://mcias.example.org:8443"
ca_cert = "/srv/notes/certs/ca.pem"
service_name = "notes"
tags = ["env:prod"]

[web]
listen_addr = "0.0.0.0:443"
vault_grpc = "127.0.0.1:9443"

[sso]
redirect_uri = "https://notes.example.org/sso/callback"

[log]
level = "warn"
format = "json"
)")
                                .value;
  EXPECT_EQ(standard.server.read_timeout, std::chrono::seconds(10));
  EXPECT_EQ(standard.database.synchronous, Synchronous::full);
  EXPECT_THAT(standard.mcias.tags, ElementsAre("env:prod"));
  EXPECT_EQ(standard.web.vault_grpc, "127.0.0.1:9443");
  EXPECT_EQ(standard.log.level, log::Level::warn);
  EXPECT_EQ(standard.log.format, log::Format::json);
}

TEST(Standard, MapsEachPortVariableToItsListener) {
  const Standard standard =
      load_text<Standard>(kOff, {{"PORT", "1"}, {"PORT_GRPC", "2"}, {"PORT_ADMIN", "3"}, {"PORT_WEB", "4"}}).value;
  EXPECT_EQ(standard.server.listen_addr, "127.0.0.1:1");
  EXPECT_EQ(standard.server.grpc_addr, "127.0.0.1:2");
  EXPECT_EQ(standard.server.admin_addr, "127.0.0.1:3");
  EXPECT_EQ(standard.web.listen_addr, "127.0.0.1:4");
}

TEST(Standard, ReadsFurtherAddressesAndJudgesThemAsTheFirst) {
  const Standard standard =
      load_text<Standard>(std::string(kOff) + "server.also_listen = [\"[::1]:1\", \"unix:/run/notes.sock\"]").value;
  EXPECT_THAT(standard.server.also_listen, ElementsAre("[::1]:1", "unix:/run/notes.sock"));
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "server.also_listen = [\":1\"]"),
              ElementsAre(HasSubstr("server.also_listen: \":1\" is reachable from other machines")));
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "server.also_listen = [\"nowhere\"]"),
              ElementsAre(HasSubstr("server.also_listen: \"nowhere\" ")));
}

TEST(Standard, WantsACertificateAndAKeyForTls) {
  EXPECT_THAT(findings_of<Standard>(""),
              UnorderedElementsAre("server.tls_cert: is required while server.tls is \"on\"",
                                   "server.tls_key: is required while server.tls is \"on\""));
  EXPECT_THAT(findings_of<Standard>("server.tls_key = \"/x\"\nserver.tls_cert = \"\""),
              ElementsAre("notes.toml:2:8: server.tls_cert: is required while server.tls is \"on\""));
  EXPECT_THAT(findings_of<Standard>(kOff), SizeIs(0));
}

TEST(Standard, RefusesPlainListenersThatOtherMachinesReach) {
  for (const std::string_view address :
       {"0.0.0.0:1", ":1", "10.0.0.1:1", "[::]:1", "notes.example.org:1", "127.example.org:1"}) {
    for (const std::string_view key :
         {"server.listen_addr", "server.grpc_addr", "server.admin_addr", "web.listen_addr"}) {
      const std::string toml = std::string(kOff) + std::string(key) + " = \"" + std::string(address) + "\"\n";
      EXPECT_THAT(findings_of<Standard>(toml),
                  ElementsAre(HasSubstr(std::string(key) + ": \"" + std::string(address) + "\" is reachable")));
    }
  }
}

TEST(Standard, AcceptsPlainListenersThatOnlyThisMachineReaches) {
  for (const std::string_view address : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/run/n.sock"}) {
    EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "server.listen_addr = \"" + std::string(address) + "\""),
                SizeIs(0))
        << address;
  }
}

TEST(Standard, RefusesAPlainListenerThatAPortVariableOpened) {
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "web.listen_addr = \":1\"", {{"PORT_WEB", "80"}}),
              ElementsAre(HasSubstr("PORT_WEB: web.listen_addr: \":80\" is reachable")));
}

TEST(Standard, WantsTheAddressesOfTheProxy) {
  const std::string proxy = "[server]\ntls = \"proxy\"\nlisten_addr = \"0.0.0.0:1\"\n";
  EXPECT_THAT(findings_of<Standard>(proxy), ElementsAre(HasSubstr("server.trusted_proxies: is required while")));
  EXPECT_THAT(findings_of<Standard>(proxy + "trusted_proxies = [\"10.0.0.0/8\"]"), SizeIs(0));
  EXPECT_THAT(findings_of<Standard>(proxy + "trusted_proxies = [\"proxy.example.org\"]"),
              UnorderedElementsAre(HasSubstr("\"proxy.example.org\" is not an IP address")));
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "server.proxy_protocol = true"),
              ElementsAre(HasSubstr("server.trusted_proxies: is required while server.proxy_protocol is true")));
}

TEST(Standard, KeepsPeopleLoggedInForAnHourOfRestAndADayAtMost) {
  const Standard standard = load_text<Standard>(kOff).value;
  EXPECT_EQ(standard.web.session_idle_timeout, std::chrono::hours(1));
  EXPECT_EQ(standard.web.session_lifetime, std::chrono::hours(24));
  EXPECT_EQ(standard.web.key_file, "");
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "web.session_idle_timeout = \"25h\""),
              ElementsAre(HasSubstr("web.session_idle_timeout: is longer than web.session_lifetime")));
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "web.session_lifetime = \"30s\""),
              ::testing::Contains(HasSubstr("web.session_lifetime")));
}

TEST(Standard, WantsAUrlWhereBrowsersReachThePages) {
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "web.public_url = \"notes.example.org\""),
              ElementsAre(HasSubstr("web.public_url")));
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "web.public_url = \"https://notes.example.org\""), SizeIs(0));
}

TEST(Standard, RefusesAnEmptyMainAddress) {
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "server.listen_addr = \"\""),
              ElementsAre("notes.toml:2:8: server.listen_addr: is required and must not be empty"));
}

TEST(Standard, RefusesToSendPasswordsInPlainText) {
  EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "mcias.server_url = \"http://mcias.example.org\""),
              ElementsAre(HasSubstr("mcias.server_url: would send passwords over the network in plain text")));
  for (const std::string_view url :
       {"http://127.0.0.1:1", "http://localhost", "http://[::1]/", "https://mcias.example.org"}) {
    EXPECT_THAT(findings_of<Standard>(std::string(kOff) + "mcias.server_url = \"" + std::string(url) + "\""), SizeIs(0))
        << url;
  }
}

}  // namespace
}  // namespace mcdsl::config::testing
