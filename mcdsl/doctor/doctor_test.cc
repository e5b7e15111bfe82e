#include "mcdsl/doctor/doctor.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/doctor/installation_for_test.h"
#include "mcdsl/http/router.h"
#include "mcdsl/httpserver/server.h"

namespace mcdsl::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Doctor, FindsNothingWhereAllIsWell) {
  const GoodInstallation installation;
  EXPECT_THAT(installation.examine(), IsEmpty()) << to_json(installation.examine());
}

TEST(Doctor, FindsNothingWrongWithPortsThatTheServiceItselfHas) {
  GoodInstallation installation;
  http::Router router;
  router.get("/v1/health", [](const http::Request& /*request*/) { return http::json(R"({"status":"ok"})"); });
  httpserver::Server server(config::Server{.listen_addr = "127.0.0.1:0",
                                           .tls_cert = installation.folder / "cert.pem",
                                           .tls_key = installation.folder / "key.pem"},
                            router);
  server.start();
  installation.keys["server.listen_addr"] = GoodInstallation::quoted(server.address().to_string());
  EXPECT_THAT(installation.examine(), IsEmpty()) << to_json(installation.examine());
}

TEST(Doctor, ChangesNothing) {
  GoodInstallation installation;
  (void)installation.examine();
  const std::string before = read_file(installation.folder / "notes.db").value();
  (void)installation.examine();
  EXPECT_EQ(read_file(installation.folder / "notes.db").value(), before);
}

TEST(Doctor, FindsEverythingAtOnce) {
  GoodInstallation installation;
  installation.config_mode = 0644;
  installation.mcias.go_down();
  installation.folder.write("cert.pem", "none");
  EXPECT_THAT(installation.examine(), SizeIs(3));
}

TEST(Doctor, LooksAtAServiceWhoseOwnSettingsItDoesNotKnow) {
  GoodInstallation installation;
  installation.top_level += "[limits]\nmax = 5\n";
  EXPECT_THAT(installation.examine(), SizeIs(1)) << "the service itself does not know them";
  const config::Source source{.file = installation.folder / "notes.toml",
                              .env_prefix = "NOTES",
                              .environment = {{"NOTES_MAX_NOTES", "5"}},
                              .ignores_unknown = true};
  const Options options{.unit_folders = {installation.units()}};
  EXPECT_THAT(examine_service<config::Standard>("notes", source, {}, options), IsEmpty());
}

TEST(Doctor, FindsNothingWrongWithTheUnitThatWeShip) {
  const GoodInstallation installation;
  std::string unit = read_file(std::filesystem::path(DEPLOY_FOLDER) / "mcq.service").value();
  const auto replace_all = [&](const std::string& from, const std::string& to) {
    for (auto at = unit.find(from); at != std::string::npos; at = unit.find(from, at + to.size())) {
      unit.replace(at, from.size(), to);
    }
  };
  replace_all("/usr/local/bin/mcq", "/bin/sh");
  replace_all("/srv/mcq", installation.folder.path().string());
  installation.write_unit(unit);
  EXPECT_THAT(installation.examine(), IsEmpty()) << to_json(installation.examine());
}

TEST(Doctor, SpeaksToPeopleAndMachines) {
  const std::vector<Finding> findings{{.severity = Severity::warning,
                                       .check = "backups",
                                       .where = "/srv/notes/backups",
                                       .what = "holds no \"backup\"",
                                       .fix = "make one"}};
  std::ostringstream text;
  print(findings, text);
  EXPECT_EQ(text.str(), "warning backups: /srv/notes/backups\n  holds no \"backup\"\n  fix: make one\n");
  EXPECT_EQ(
      to_json(findings),
      R"([{"severity":"warning","check":"backups","where":"/srv/notes/backups","what":"holds no \"backup\"","fix":"make one"}])");
  std::ostringstream none;
  print({}, none);
  EXPECT_EQ(none.str(), "nothing was found wrong\n");
  EXPECT_EQ(to_json({}), "[]");
}

}  // namespace
}  // namespace mcdsl::doctor
