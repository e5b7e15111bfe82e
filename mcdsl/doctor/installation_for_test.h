#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/archive/archive.h"
#include "mcdsl/base/file.h"
#include "mcdsl/db/database.h"
#include "mcdsl/doctor/doctor.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/fake_mcias.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::doctor {

struct NotesConfig : config::Standard {
  std::int64_t max_notes = 1000;
  Secret signing_key = {};

  void bind(config::Binder& b) {
    Standard::bind(b);
    b.field("max_notes", max_notes, {.doc = "Notes an account may keep.", .min = 1, .max = 5000});
    b.field("signing_key", signing_key, {.doc = "Signs links."});
  }
};

inline constexpr std::array kNotesMigrations{
    db::Migration{.version = 1, .name = "create_authors", .sql = "CREATE TABLE authors (name TEXT PRIMARY KEY)"},
    db::Migration{
        .version = 2, .name = "create_notes", .sql = "CREATE TABLE notes (body TEXT, author TEXT REFERENCES authors)"}};

inline constexpr std::string_view kUnit = R"([Unit]
Description=notes
[Service]
# Its program is any that there is.
Type=notify
ExecStart=/bin/sh server --config \
  /srv/notes/notes.toml
User=notes
WatchdogSec=30
Restart=on-failure
TimeoutStopSec=90
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
CapabilityBoundingSet=
)";

/// An installation of a service "notes" in which nothing is wrong, for a test to break one thing of: an identity
/// service that answers, a certificate, a database with its migrations, a verified archive, a unit.
class GoodInstallation {
 public:
  GoodInstallation() {
    use_certificate(authority.issue({.names = {"notes.example.org", "127.0.0.1"},
                                     .not_after = std::chrono::system_clock::now() + std::chrono::days(60)}));
    std::filesystem::create_directory(folder / "backups");
    chmod("backups", 0700);
    {
      const auto database = db::Database::open({.path = folder / "notes.db"});
      (void)database.migrate(kNotesMigrations);
    }
    value_or_throw(archive::verify(make_archive(std::chrono::hours(1))));
    const config::Mcias identity = mcias.settings();
    keys = {{"server.listen_addr", quoted("127.0.0.1:0")},
            {"server.tls_cert", quoted((folder / "cert.pem").string())},
            {"server.tls_key", quoted((folder / "key.pem").string())},
            {"server.public_names", R"(["notes.example.org"])"},
            {"database.path", quoted((folder / "notes.db").string())},
            {"mcias.server_url", quoted(identity.server_url)},
            {"mcias.ca_cert", quoted(identity.ca_cert.string())},
            {"mcias.service_name", quoted("notes")}};
    std::filesystem::create_directory(units());
    write_unit(std::string(kUnit) + "ReadWritePaths=" + folder.path().string() + "\n");
  }

  /// An archive of the service so many hours old, as its name says. Not verified.
  [[nodiscard]] std::filesystem::path make_archive(std::chrono::hours age) const {
    testing::ManualClock then;
    then.advance(std::chrono::floor<std::chrono::seconds>(system_clock().now()) - age - then.now());
    auto path = archive::default_path(folder.path(), "notes", then.now());
    value_or_throw(archive::create(folder.path(), path, {.service = "notes"}, {.clock = then}));
    return path;
  }

  /// Removes all backups.
  void clear_backups() const {
    std::filesystem::remove_all(folder / "backups");
    std::filesystem::create_directory(folder / "backups");
    chmod("backups", 0700);
  }

  static std::string quoted(const std::string& text) { return "\"" + text + "\""; }

  [[nodiscard]] std::filesystem::path units() const { return folder / "units"; }
  void write_unit(const std::string& text) const { folder.write("units/notes.service", text); }

  /// Puts another in the place of the first one of its kind in the unit.
  void change_unit(const std::string& from, const std::string& to) const {
    std::string text = read_file(units() / "notes.service").value();
    text.replace(text.find(from), from.size(), to);
    write_unit(text);
  }

  void use_certificate(const testing::Certificate& certificate) const {
    folder.write("cert.pem", certificate.chain + authority.certificate());
    write_file_atomically(folder / "key.pem", certificate.key, 0600);
  }

  void chmod(std::string_view file, unsigned mode) const {
    std::filesystem::permissions(folder / file, static_cast<std::filesystem::perms>(mode));
  }

  /// The configuration as a file.
  [[nodiscard]] std::string toml() const {
    std::string text = top_level;
    std::string section;
    for (const auto& [key, value] : keys) {
      const auto dot = key.find('.');
      if (key.substr(0, dot) != section) {
        section = key.substr(0, dot);
        text += "[" + section + "]\n";
      }
      text += key.substr(dot + 1) + " = " + value + "\n";
    }
    return text;
  }

  [[nodiscard]] std::vector<Finding> examine() const {
    const config::Source source{.file = folder / "notes.toml", .env_prefix = "NOTES", .environment = environment};
    if (writes_config) {
      write_file_atomically(source.file, toml(), config_mode);
    }
    return examine_service<NotesConfig>("notes", source, kNotesMigrations,
                                        {.clock = *clock, .limits = limits, .unit_folders = {units()}});
  }

  testing::TempDir folder;
  testing::CertificateAuthority authority;
  testing::FakeMcias mcias;
  std::map<std::string, std::string> keys;
  std::string top_level = "signing_key = \"a-secret-that-nobody-may-see\"\n";
  bool writes_config = true;
  std::uint32_t config_mode = 0600;
  config::Environment environment;
  Limits limits;
  const Clock* clock = &system_clock();
};

}  // namespace mcdsl::doctor
