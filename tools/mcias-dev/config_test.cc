#include "tools/mcias-dev/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/config.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcias {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kMinimal = R"([server]
tls = "off"
[database]
path = "/srv/mcias-dev/mcias-dev.db"
)";

Config load(const std::string& text) {
  const mcdsl::testing::TempDir dir;
  const auto file = dir.write("mcias-dev.toml", std::string(kMinimal) + text);
  return mcdsl::config::load<Config>({.file = file, .env_prefix = "MCIAS_DEV", .environment = {}}).value;
}

std::string findings(const std::string& text) {
  try {
    (void)load(text);
  } catch (const mcdsl::config::Invalid& problem) {
    return problem.what();
  }
  return "none";
}

TEST(Config, NeedsADatabaseOnly) {
  const Config config = load("");
  EXPECT_EQ(config.signing_key_file(), "/srv/mcias-dev/signing-key.pem");
  EXPECT_EQ(config.identity.token_lifetime, 12h);
  EXPECT_EQ(config.identity.hashing_cost().memory_kib, 19'456U);
  EXPECT_EQ(config.identity.failures_per_username().failures, 5U);
}

TEST(Config, ReadsItsOwnSections) {
  const Config config = load(R"([identity]
issuer = "https://mcias.example"
key_file = "/run/keys/mcias.pem"
token_lifetime = "1h"
argon2_running = 4
max_failures_per_address = 7

[[policy]]
name = "guests stay out"
effect = "deny"
roles = ["guest"]
services = ["mcr", "mcp"]

[[policy]]
tags = ["prod"]
)");
  EXPECT_EQ(config.identity.issuer, "https://mcias.example");
  EXPECT_EQ(config.signing_key_file(), "/run/keys/mcias.pem");
  EXPECT_EQ(config.identity.token_lifetime, 1h);
  EXPECT_EQ(config.identity.hashing_bounds().running, 4U);
  EXPECT_EQ(config.identity.failures_per_address().failures, 7U);
  ASSERT_EQ(config.policy.size(), 2U);
  EXPECT_EQ(config.policy[0].name, "guests stay out");
  EXPECT_THAT(config.policy[0].services, ElementsAre("mcr", "mcp"));
  EXPECT_THAT(config.policy[1].tags, ElementsAre("prod"));
}

TEST(Config, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(findings("[identity]\nisuer = \"x\"\n"), HasSubstr("issuer"));
  EXPECT_THAT(findings("[[policy]]\neffect = \"allow\"\ntags = [\"x\"]\n"), HasSubstr("effect"));
  EXPECT_THAT(findings("[identity]\nargon2_memory_kib = 1\n"), HasSubstr("argon2_memory_kib"));
}

TEST(Config, RefusesAPolicyRuleThatNobodyCanMean) {
  EXPECT_THAT(findings("[[policy]]\ntags = [\"x\"]\n[[policy]]\nroles = [\"gest\"]\n"),
              HasSubstr("policy[1].roles: there is no role \"gest\""));
  EXPECT_THAT(findings("[[policy]]\nname = \"all\"\n"), HasSubstr("policy[0].effect: the rule names no roles"));
}

constexpr std::string_view kClient = R"([[sso_clients]]
client_id = "notes"
service_name = "notes"
redirect_uris = [)";

std::string client(std::string_view uris) {
  return std::string(kClient) + std::string(uris) + "]\n";
}

TEST(Config, ReadsClientsOfSingleSignOn) {
  const Config config = load(client(R"("https://notes.example/cb", "http://localhost:8080/cb?x=1", "http://[::1]/")"));
  ASSERT_EQ(config.sso_clients.size(), 1U);
  EXPECT_EQ(config.sso_clients[0].client_id, "notes");
  EXPECT_THAT(config.sso_clients[0].redirect_uris, testing::SizeIs(3));
  EXPECT_EQ(redirect_origin("https://notes.example:8443/cb"), "https://notes.example:8443");
  EXPECT_EQ(config.web_key_file(), "/srv/mcias-dev/web.keys");
}

TEST(Config, RefusesAClientThatABrowserCannotBeSentBackTo) {
  for (const std::string_view uri :
       {"notes.example/cb", "/cb", "https://notes.example", "https://notes.example?x", "https:///cb", "ftp://a/cb",
        "http://notes.example/cb", "https://user@notes.example/cb", "https://notes.example/cb#x", "https://a/c b",
        "javascript://a/%0Aalert(1)", "https://a\\\\b/cb", "https://a/<x>", "https://b\u00FCcher.example/cb", ""}) {
    EXPECT_THAT(findings(client("\"" + std::string(uri) + "\"")), HasSubstr("sso_clients[0].redirect_uris")) << uri;
  }
  EXPECT_THAT(findings(client("")), HasSubstr("sso_clients[0].redirect_uris: is needed"));
  EXPECT_THAT(findings("[[sso_clients]]\nredirect_uris = [\"https://a/b\"]\n"), HasSubstr("sso_clients[0].client_id"));
  EXPECT_THAT(findings("[[sso_clients]]\nclient_id = \"a\"\nredirect_uris = [\"https://a/b\"]\n"),
              HasSubstr("sso_clients[0].service_name"));
  const std::string one = client(R"("https://a/b")");
  EXPECT_THAT(findings(one + one), HasSubstr("has two with the client_id \"notes\""));
}

}  // namespace
}  // namespace mcias
