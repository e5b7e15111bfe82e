// A good installation with one thing broken has one finding, and it is the one for that thing.
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "mcdsl/doctor/installation_for_test.h"
#include "mcdsl/http/router.h"
#include "mcdsl/net/certificate.h"
#include "mcdsl/net/server.h"

namespace mcdsl::doctor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;

/// What has to go on while the doctor looks.
using Kept = std::shared_ptr<void>;

struct Breakage {
  std::string name;
  Severity severity;
  std::string check;
  std::string what;  // is part of the finding
  std::function<Kept(GoodInstallation&)> act;
  bool as_root_only = false;
};

std::ostream& operator<<(std::ostream& out, const Breakage& breakage) {
  return out << breakage.name;
}

// For those that need nothing to go on.
template <class Act>
std::function<Kept(GoodInstallation&)> just(Act act) {
  return [act](GoodInstallation& i) {
    act(i);
    return Kept();
  };
}

std::function<Kept(GoodInstallation&)> sets(const std::string& key, const std::string& value) {
  return just([=](GoodInstallation& i) { i.keys[key] = value; });
}

std::function<Kept(GoodInstallation&)> certifies(testing::CertificateOptions options) {
  return just([=](GoodInstallation& i) { i.use_certificate(i.authority.issue(options)); });
}

std::function<Kept(GoodInstallation&)> changes_unit(const std::string& from, const std::string& to) {
  return just([=](GoodInstallation& i) { i.change_unit(from, to); });
}

std::function<Kept(GoodInstallation&)> sets_mode(const std::string& file, unsigned mode) {
  return just([=](GoodInstallation& i) { i.chmod(file, mode); });
}

// Another program listens where the service should, with or without an answer of HTTP.
std::function<Kept(GoodInstallation&)> takes(const std::string& key) {
  return [=](GoodInstallation& i) {
    static const http::Router nothing;
    auto server = std::make_shared<net::Server>(nothing, net::ServerOptions{.loops = 1});
    const net::Address address = server->listen({.host = "127.0.0.1", .port = 0}, nullptr);
    server->start();
    i.keys[key] = GoodInstallation::quoted(address.to_string());
    return Kept(server);
  };
}

void behind_proxy(GoodInstallation& i, const std::string& proxies) {
  i.keys["server.tls"] = "\"proxy\"";
  i.keys["server.trusted_proxies"] = proxies;
}

void execute(GoodInstallation& i, std::span<const db::Migration> migrations) {
  (void)db::Database::open({.path = i.folder / "notes.db"}).migrate(migrations);
}

void flip(GoodInstallation& i, std::size_t from, std::size_t count) {
  std::string bytes = read_file(i.folder / "notes.db").value();
  bytes.replace(from, count, std::string(count, '\x5A'));
  write_file_atomically(i.folder / "notes.db", bytes, 0600);
}

void flip_journal(GoodInstallation& i) {
  std::string bytes = read_file(i.folder / "notes.db").value();
  bytes[18] = bytes[19] = 1;  // not WAL (sqlite.org/fileformat2.html §1.3.3)
  write_file_atomically(i.folder / "notes.db", bytes, 0600);
}

const auto kNow = std::chrono::system_clock::now();

std::vector<Breakage> config_breakages() {
  return {
      {"UnknownKey", kError, "config", "max_note", just([](auto& i) { i.top_level += "max_note = 5\n"; })},
      {"UnknownSection", kError, "config", "sever", just([](auto& i) { i.keys["sever.x"] = "1"; })},
      {"WrongType", kError, "config", "max_notes", just([](auto& i) { i.top_level += "max_notes = \"many\"\n"; })},
      {"OutOfRange", kError, "config", "max_notes", just([](auto& i) { i.top_level += "max_notes = 9000\n"; })},
      {"NotToml", kError, "config", "not valid TOML", just([](auto& i) { i.top_level += "= =\n"; })},
      {"MissingFile", kError, "config", "notes.toml", just([](auto& i) { i.writes_config = false; })},
      {"BadDuration", kError, "config", "read_timeout", sets("server.read_timeout", "\"soon\"")},
      {"UnknownVariable", kError, "config", "NOTES_MAX_NOTE",
       just([](auto& i) { i.environment["NOTES_MAX_NOTE"] = "5"; })},
      {"TlsWithoutCertificate", kError, "config", "server.tls_cert: is required", sets("server.tls_cert", "\"\"")},
      {"PlainOnTheNetwork", kError, "config", "reachable from other machines", just([](auto& i) {
         i.keys["server.tls"] = "\"off\"";
         i.keys["server.listen_addr"] = "\":0\"";
       })},
      {"ProxyWithoutItsAddress", kError, "config", "server.trusted_proxies", sets("server.tls", "\"proxy\"")},
      {"ProxyProtocolWithoutAProxy", kError, "config", "trusted_proxies", sets("server.proxy_protocol", "true")},
      {"PlainIdentity", kError, "config", "use https", sets("mcias.server_url", "\"http://mcias.example.org\"")},
      {"MissingSecretFile", kError, "config", "/nowhere/key",
       just([](auto& i) { i.top_level = "signing_key_file = \"/nowhere/key\"\n"; })},
  };
}

std::vector<Breakage> file_breakages() {
  return {
      {"ReadableConfig", kWarning, "files", "every account of this machine may read it",
       just([](auto& i) { i.config_mode = 0644; })},
      {"WritableConfig", kError, "files", "may change it", just([](auto& i) { i.config_mode = 0660; })},
      {"WritableFolder", kError, "files", "may replace the files in it", sets_mode(".", 0777)},
      {"ReadableDatabase", kWarning, "files", "the service's data", sets_mode("notes.db", 0644)},
      {"WritableDatabase", kError, "files", "may change it", sets_mode("notes.db", 0666)},
      {"ReadableBackups", kWarning, "files", "copies of the service's data", sets_mode("backups", 0755)},
      {"WritableKey", kError, "files", "may change the key", sets_mode("key.pem", 0660)},
      {"DatabaseOfAnotherAccount", kError, "files", "belongs to another account",
       just([](auto& i) { EXPECT_EQ(::chown((i.folder / "notes.db").c_str(), 65'534, 65'534), 0); }), true},
  };
}

std::vector<Breakage> network_breakages() {
  return {
      {"PortTaken", kError, "ports", "server.listen_addr cannot", takes("server.listen_addr")},
      {"GrpcPortTaken", kError, "ports", "server.grpc_addr cannot", takes("server.grpc_addr")},
      {"AdminPortTaken", kError, "ports", "server.admin_addr cannot", takes("server.admin_addr")},
      {"OnePortForTwo", kError, "ports", "the same address as server.listen_addr", just([](auto& i) {
         // One that is free, and stays so: nobody else is asked for it.
         const http::Router nothing;
         net::Server server(nothing, {});
         const std::string address = server.listen({.host = "127.0.0.1", .port = 0}, nullptr).to_string();
         i.keys["server.listen_addr"] = i.keys["server.admin_addr"] = GoodInstallation::quoted(address);
       })},
      {"AddressOfAnotherMachine", kError, "ports", "203.0.113.7", sets("server.listen_addr", "\"203.0.113.7:0\"")},
      {"SocketWithoutAFolder", kError, "ports", "is not there",
       sets("server.also_listen", "[\"unix:/nowhere/x.sock\"]")},
      {"SocketThatIsAFile", kError, "ports", "is no socket", just([](auto& i) {
         i.keys["server.also_listen"] = "[\"unix:" + i.folder.write("x.sock", "").string() + "\"]";
       })},
      {"MetricsForEverybody", kWarning, "ports", "other machines can read the metrics",
       sets("server.admin_addr", "\":0\"")},
      {"EverybodyIsAProxy", kError, "proxies", "takes everybody for a proxy",
       just([](auto& i) { behind_proxy(i, R"(["10.0.0.7", "0.0.0.0/0"])"); })},
      {"ProxyElsewhereListensHere", kError, "proxies", "names no address on this machine",
       just([](auto& i) { behind_proxy(i, R"(["10.0.0.7"])"); })},
      {"ProxyHereListensElsewhere", kWarning, "proxies", "open to other machines in plain text", just([](auto& i) {
         behind_proxy(i, R"(["127.0.0.1", "::1"])");
         i.keys["server.listen_addr"] = "\":0\"";
       })},
  };
}

std::vector<Breakage> certificate_breakages() {
  const std::vector<std::string> names{"notes.example.org"};
  return {
      {"ExpiredCertificate", kError, "certificate", "expired at",
       certifies({.names = names, .not_before = kNow - 48h, .not_after = kNow - 1h})},
      {"CertificateOfTheFuture", kError, "certificate", "is not valid before",
       certifies({.names = names, .not_before = kNow + 24h, .not_after = kNow + std::chrono::days(90)})},
      {"CertificateEndsSoon", kWarning, "certificate", "ends soon",
       certifies({.names = names, .not_after = kNow + std::chrono::days(5)})},
      {"CertificateForAnotherName", kError, "certificate", "does not name \"notes.example.org\"",
       certifies({.names = {"other.example.org"}, .not_after = kNow + std::chrono::days(90)})},
      {"CertificateForClients", kError, "certificate", "is not for servers",
       certifies({.names = names, .usage = "clientAuth", .not_after = kNow + std::chrono::days(90)})},
      {"LeafOnly", kWarning, "certificate", "holds the leaf only", just([](auto& i) {
         const auto issued = i.authority.intermediate().issue(
             {.names = {"notes.example.org"}, .not_after = kNow + std::chrono::days(90)});
         i.use_certificate(issued);
         i.folder.write("cert.pem", issued.leaf);
       })},
      {"ChainInTheWrongOrder", kError, "certificate", "did not issue certificate", just([](auto& i) {
         const auto other = testing::CertificateAuthority("other");
         const auto issued =
             i.authority.issue({.names = {"notes.example.org"}, .not_after = kNow + std::chrono::days(90)});
         i.use_certificate(issued);
         i.folder.write("cert.pem", issued.leaf + other.certificate());
       })},
      {"KeyOfAnotherCertificate", kError, "certificate", "does not belong to this certificate",
       just([](auto& i) { write_file_atomically(i.folder / "key.pem", i.authority.issue().key, 0600); })},
      {"MissingCertificate", kError, "certificate", "cert.pem",
       just([](auto& i) { fs::remove(i.folder / "cert.pem"); })},
      {"MissingKey", kError, "certificate", "key.pem", just([](auto& i) { fs::remove(i.folder / "key.pem"); })},
      {"DamagedCertificate", kError, "certificate", "damaged certificate", just([](auto& i) {
         std::string pem = read_file(i.folder / "cert.pem").value();
         pem.replace(pem.size() * 3 / 4, 4, "!!!!");
         i.folder.write("cert.pem", pem);
       })},
      {"NoCertificateInTheFile", kError, "certificate", "holds no certificate",
       just([](auto& i) { i.folder.write("cert.pem", "none"); })},
      {"ReadableKey", kWarning, "certificate", "may read or change the key", sets_mode("key.pem", 0644)},
  };
}

// Speaks HTTP over TLS, as a certificate of the installation's authority proves, and knows no path.
struct OtherService {
  explicit OtherService(const GoodInstallation& i) : certificates(i.folder / "cert.pem", i.folder / "key.pem") {
    server.start();
  }

  http::Router router;
  net::CertificateStore certificates;
  net::Server server{router, net::ServerOptions{.loops = 1}};
  net::Address address = server.listen({.host = "127.0.0.1", .port = 0}, &certificates);
};

struct ClockAhead final : Clock {
  [[nodiscard]] WallTime now() const override { return system_clock().now() + 10min; }
  [[nodiscard]] SteadyTime steady() const override { return system_clock().steady(); }
};

std::vector<Breakage> identity_breakages() {
  return {
      {"IdentityDown", kError, "identity", "refused", just([](auto& i) { i.mcias.go_down(); })},
      {"IdentityOfAnotherAuthority", kError, "identity", "TLS", just([](auto& i) {
         i.keys["mcias.ca_cert"] =
             GoodInstallation::quoted(i.folder.write("other.pem", i.authority.certificate()).string());
       })},
      {"IdentityAuthorityMissing", kError, "identity", "/nowhere/ca.pem", sets("mcias.ca_cert", "\"/nowhere/ca.pem\"")},
      {"IdentityIsAnotherService", kError, "identity", "404",
       [](GoodInstallation& i) -> Kept {
         auto other = std::make_shared<OtherService>(i);
         i.keys["mcias.server_url"] = GoodInstallation::quoted("https://" + other->address.to_string());
         i.keys["mcias.ca_cert"] =
             GoodInstallation::quoted(i.folder.write("other.pem", i.authority.certificate()).string());
         return other;
       }},
      {"ClocksDiffer", kWarning, "identity", "clock and ours differ by",
       [](GoodInstallation& i) -> Kept {
         const auto clock = std::make_shared<ClockAhead>();
         i.clock = clock.get();
         return clock;
       }},
  };
}

std::vector<Breakage> data_breakages() {
  return {
      {"DamagedDatabase", kError, "database", "is damaged", just([](auto& i) { flip(i, 4096 + 8, 400); })},
      {"NotADatabase", kError, "database", "is damaged", just([](auto& i) { flip(i, 0, 16); })},
      {"DatabaseIsAFolder", kError, "database", "is no file", just([](auto& i) {
         fs::remove(i.folder / "notes.db");
         fs::create_directory(i.folder / "notes.db");
         i.chmod("notes.db", 0700);
       })},
      {"DatabaseGone", kError, "database", "but there are backups",
       just([](auto& i) { fs::remove(i.folder / "notes.db"); })},
      {"DatabaseFolderMissing", kError, "database", "/nowhere, is not there", just([](auto& i) {
         i.keys["database.path"] = "\"/nowhere/notes.db\"";
         i.change_unit("ReadWritePaths=", "ReadWritePaths=/nowhere ");
       })},
      {"JournalChanged", kWarning, "database", "journal mode \"delete\"", just([](auto& i) { flip_journal(i); })},
      {"LogGrown", kWarning, "database", "write-ahead log has grown", just([](auto& i) {
         i.folder.write("notes.db-wal", std::string(70'000, '\0'));
         i.chmod("notes.db-wal", 0600);
         i.limits.max_wal_bytes = 60'000;
       })},
      {"MigrationsPending", kWarning, "database", "1 migrations are pending", just([](auto& i) {
         fs::remove(i.folder / "notes.db");
         execute(i, std::span(kNotesMigrations).first(1));
       })},
      {"MigrationEdited", kError, "database", "create_notes", just([](auto& i) {
         fs::remove(i.folder / "notes.db");
         auto other = kNotesMigrations;
         other[1].sql = "CREATE TABLE notes (body TEXT, author TEXT REFERENCES authors, extra TEXT)";
         execute(i, other);
       })},
      {"DatabaseNewerThanTheProgram", kError, "database", "3", just([](auto& i) {
         execute(i, std::array{kNotesMigrations[0], kNotesMigrations[1],
                               db::Migration{.version = 3, .name = "later", .sql = "CREATE TABLE later (x)"}});
       })},
      {"NoArchive", kWarning, "backups", "holds no archive of notes", just([](auto& i) { i.clear_backups(); })},
      {"NoArchiveButASnapshot", kWarning, "backups", "holds no archive of notes", just([](auto& i) {
         i.clear_backups();
         db::Database::open({.path = i.folder / "notes.db"}).snapshot(i.folder / "backups/notes-1.db");
       })},
      {"NoArchiveOfThisService", kWarning, "backups", "holds no archive of notes", just([](auto& i) {
         const auto mine = i.make_archive(2h);
         const auto other = i.folder / "backups" / ("other" + mine.filename().string().substr(5));
         const std::string bytes = read_file(mine).value();
         i.clear_backups();
         write_file_atomically(other, bytes);
       })},
      {"NoArchiveVerified", kWarning, "backups", "none that is verified mcdsl archive verify ", just([](auto& i) {
         i.clear_backups();
         (void)i.make_archive(1h);
       })},
      {"ArchivesNoLongerMade", kWarning, "backups", "50 hours old find out why notes-backup.timer", just([](auto& i) {
         i.clear_backups();
         value_or_throw(archive::verify(i.make_archive(50h)));
       })},
      {"ArchivesNoLongerVerified", kWarning, "backups", "50 hours old mcdsl archive verify ", just([](auto& i) {
         i.clear_backups();
         value_or_throw(archive::verify(i.make_archive(50h)));
         (void)i.make_archive(2h);
       })},
      {"ArchiveOlderThanConfigured", kWarning, "backups", "1 hours old", sets("backup.max_age", "\"30m\"")},
      {"NewestArchiveEmpty", kError, "backups", "no backup: it is empty",
       just([](auto& i) { write_file_atomically(i.make_archive(0h), ""); })},
      {"NewestArchiveChanged", kError, "backups", "changed in size since it was verified", just([](auto& i) {
         const auto path = i.make_archive(0h);
         value_or_throw(archive::verify(path));
         write_file_atomically(path, read_file(path).value() + "more");
       })},
      {"NewestArchiveDamaged", kError, "backups", "it failed its verification: ", just([](auto& i) {
         const auto path = i.make_archive(0h);
         std::string bytes = read_file(path).value();
         bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
         write_file_atomically(path, bytes);
         EXPECT_FALSE(archive::verify(path));
       })},
      {"DiskFull", kError, "disk", "of the disk are free",
       just([](auto& i) { i.limits.min_free_bytes = std::uintmax_t{1} << 62U; })},
  };
}

std::vector<Breakage> unit_breakages() {
  return {
      {"RunsAsRoot", kError, "unit", "as root", changes_unit("User=notes\n", "")},
      {"NotHardened", kWarning, "unit", "more than it needs", changes_unit("ProtectKernelLogs=yes", "")},
      {"HardeningSwitchedOff", kWarning, "unit", "more than it needs",
       [](GoodInstallation& i) -> Kept {
         fs::create_directory(i.units() / "notes.service.d");
         i.folder.write("units/notes.service.d/override.conf", "[Service]\nNoNewPrivileges=no\n");
         return {};
       }},
      {"AnySystemCall", kWarning, "unit", "SystemCallFilter", changes_unit("SystemCallFilter=@system-service\n", "")},
      {"EveryCapability", kWarning, "unit", "CapabilityBoundingSet=", changes_unit("CapabilityBoundingSet=\n", "")},
      {"NotNotifying", kWarning, "unit", "ready before it is", changes_unit("Type=notify", "Type=simple")},
      {"NoWatchdog", kWarning, "unit", "hangs", changes_unit("WatchdogSec=30\n", "")},
      {"NeverRestarted", kWarning, "unit", "starts the service again", changes_unit("Restart=on-failure\n", "")},
      {"KilledAmidItsDrain", kWarning, "unit", "before its drain is over",
       changes_unit("TimeoutStopSec=90", "TimeoutStopSec=10s")},
      {"ProgramMissing", kError, "unit", "which is not there", changes_unit("/bin/sh", "/nowhere/notes")},
      {"FolderReadOnly", kError, "unit", "does not let the service write", changes_unit("ReadWritePaths=", "#")},
  };
}

std::vector<Breakage> breakages() {
  std::vector<Breakage> all;
  for (auto list : {config_breakages(), file_breakages(), network_breakages(), certificate_breakages(),
                    identity_breakages(), data_breakages(), unit_breakages()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

class BrokenInstallation : public ::testing::TestWithParam<Breakage> {};

TEST_P(BrokenInstallation, HasOneFinding) {
  const Breakage& breakage = GetParam();
  if (breakage.as_root_only && ::geteuid() != 0) {
    GTEST_SKIP() << "only root can break this";
  }
  GoodInstallation installation;
  const Kept kept = breakage.act(installation);
  const auto findings = installation.examine();
  ASSERT_THAT(findings, SizeIs(1)) << to_json(findings);
  const Finding& finding = findings.front();
  EXPECT_EQ(finding.severity, breakage.severity);
  EXPECT_EQ(finding.check, breakage.check);
  EXPECT_THAT(finding.where + ": " + finding.what + " " + finding.fix, HasSubstr(breakage.what));
  for (const std::string& line : {finding.where, finding.what, finding.fix}) {
    EXPECT_NE(line, "");
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_THAT(line, Not(HasSubstr("a-secret-that-nobody-may-see")));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, BrokenInstallation, ::testing::ValuesIn(breakages()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mcdsl::doctor
