#include "mcdsl/web/internal/contradictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::web::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

config::Standard good() {
  config::Standard config;
  config.server.tls = config::Tls::on;
  config.database.path = "/srv/notes/notes.db";
  config.mcias.service_name = "notes";
  config.web.public_url = "https://notes.example.org";
  return config;
}

TEST(Contradictions, AreNoneInASoundConfiguration) {
  EXPECT_THAT(contradictions(good()), IsEmpty());
  config::Standard behind_proxy = good();
  behind_proxy.server.tls = config::Tls::proxy;
  EXPECT_THAT(contradictions(behind_proxy), IsEmpty());
  config::Standard sso = good();
  sso.sso.redirect_uri = "https://notes.example.org/sso/callback";
  EXPECT_THAT(contradictions(sso), IsEmpty());
  sso.web.public_url = "https://Notes.example.org:443/";
  EXPECT_THAT(contradictions(sso), IsEmpty());
}

// Pain of old: a Secure cookie over plain HTTP is dropped by the browser, and nobody is told.
TEST(Contradictions, NameAPublicUrlWithoutTls) {
  for (const auto tls : {config::Tls::on, config::Tls::off, config::Tls::proxy}) {
    config::Standard config = good();
    config.server.tls = tls;
    config.web.public_url = "http://localhost:8080";
    EXPECT_THAT(contradictions(config), ElementsAre(AllOf(StartsWith("web.public_url: "), HasSubstr("Secure"),
                                                          HasSubstr("server.tls = \"on\""))));
  }
}

TEST(Contradictions, NameAServerThatSpeaksNoTls) {
  config::Standard config = good();
  config.server.tls = config::Tls::off;
  EXPECT_THAT(contradictions(config),
              ElementsAre(AllOf(StartsWith("server.tls: is \"off\""), HasSubstr("trusted_proxies"))));
}

TEST(Contradictions, NameAPublicUrlThatIsMissingOrNoOrigin) {
  config::Standard config = good();
  config.web.public_url = "";
  EXPECT_THAT(contradictions(config), ElementsAre(StartsWith("web.public_url: is required")));
  config.web.public_url = "https://notes.example.org/notes";
  EXPECT_THAT(contradictions(config), ElementsAre(HasSubstr("served from the root of an origin")));
}

TEST(Contradictions, NameASsoAddressWhereNobodyWaits) {
  config::Standard config = good();
  config.sso.redirect_uri = "https://notes.example.org/callback";
  EXPECT_THAT(contradictions(config), ElementsAre(AllOf(StartsWith("sso.redirect_uri: "),
                                                        HasSubstr("https://notes.example.org/sso/callback"))));
  config.sso.redirect_uri = "https://other.example.org/sso/callback";
  EXPECT_THAT(contradictions(config), ElementsAre(StartsWith("sso.redirect_uri: ")));
  config.sso.redirect_uri = "https://notes.example.org/sso/callback";
  config.mcias.service_name = "";
  EXPECT_THAT(contradictions(config), ElementsAre(StartsWith("sso.client_id: is required")));
  config = good();
  config.sso.client_id = "notes-web";
  EXPECT_THAT(contradictions(config), ElementsAre(HasSubstr("single sign-on would be off")));
}

TEST(Contradictions, NameAKeyFileThatHasNoPlace) {
  config::Standard config = good();
  EXPECT_EQ(key_file(config), "/srv/notes/web.keys");
  config.database.path = "";
  EXPECT_THAT(contradictions(config), ElementsAre(StartsWith("web.key_file: is required")));
  config.web.key_file = "/run/notes.keys";
  EXPECT_THAT(contradictions(config), IsEmpty());
  EXPECT_EQ(key_file(config), "/run/notes.keys");
}

TEST(ClientId, IsTheServicesNameWhereNoOtherIsGiven) {
  config::Standard config = good();
  EXPECT_EQ(client_id(config), "notes");
  config.sso.client_id = "notes-web";
  EXPECT_EQ(client_id(config), "notes-web");
}

}  // namespace
}  // namespace mcdsl::web::internal
