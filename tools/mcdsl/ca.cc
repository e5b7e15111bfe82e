#include "tools/mcdsl/ca.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/writer.h"
#include "mcdsl/pki/certificate_authority.h"
#include "mcdsl/pki/certificate_info.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;
using cli::Kind;
using cli::Values;
using Days = std::chrono::days;

constexpr auto kCaCertificate = "ca.pem";
constexpr auto kCaKey = "ca.key";
constexpr auto kIntermediateCertificate = "intermediate.pem";
constexpr auto kIntermediateKey = "intermediate.key";
constexpr auto kCertificate = "cert.pem";
constexpr auto kKey = "key.pem";
constexpr std::uint32_t kSecretMode = 0600;
constexpr std::uint32_t kPublicMode = 0644;
constexpr std::int64_t kAuthorityDays = 3650;
constexpr std::int64_t kCertificateDays = 90;
constexpr std::int64_t kMostDays = 36'500;
constexpr auto kClockSkew = std::chrono::minutes(5);  // between the machines: a certificate begins before it is made

[[noreturn]] void refuse(const std::string& why) {
  throw Exception(Code::failed_precondition, why);
}

std::string read(const fs::path& file) {
  auto text = read_file(file, std::size_t{1} << 20U);
  if (!text) {
    throw Exception(text.error());
  }
  return *std::move(text);
}

Days days(const Values& values, std::string_view option, std::int64_t otherwise) {
  const std::int64_t number = values.number(option, otherwise);
  if (number < 1 || number > kMostDays) {
    refuse("--" + std::string(option) + " wants 1 to " + std::to_string(kMostDays) + " days");
  }
  return Days(number);
}

pki::KeyType key_type(const Values& values) {
  return values.text("key") == "p384" ? pki::KeyType::p384 : pki::KeyType::p256;
}

pki::Validity validity(const Clock& clock, Days length) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now());
  return {.not_before = now - kClockSkew, .not_after = now + length};
}

void make_private_folder(const fs::path& folder) {
  if (!fs::exists(folder)) {
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::owner_all);
  }
}

std::vector<pki::CertificateInfo> read_certificates(const fs::path& file) {
  auto certificates = pki::read_certificates(read(file));
  if (!certificates) {
    refuse(file.string() + " " + certificates.error().message());
  }
  return *std::move(certificates);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text;
}

// --- new ------------------------------------------------------------------------------------------------------------

int make_authority(const Values& values, std::ostream& out, const Clock& clock) {
  const fs::path folder = values.text("FOLDER");
  if (fs::exists(folder / kCaKey) || fs::exists(folder / kCaCertificate)) {
    refuse(folder.string() + " holds an authority already; what it has issued would be worth nothing with a new one");
  }
  const std::string name = values.text("name", "MCDSL certificate authority");
  const Days length = days(values, "days", kAuthorityDays);
  const auto root = pki::Authority::make(name, validity(clock, length), key_type(values));
  make_private_folder(folder);
  if (values.has("intermediate")) {
    const auto below = root.intermediate(name + " (intermediate)", validity(clock, length), key_type(values));
    write_file_atomically(folder / kIntermediateKey, below.key().reveal(), kSecretMode);
    write_file_atomically(folder / kIntermediateCertificate, below.chain(), kPublicMode);
  }
  write_file_atomically(folder / kCaKey, root.key().reveal(), kSecretMode);
  write_file_atomically(folder / kCaCertificate, root.certificate(), kPublicMode);
  out << "made " << (folder / kCaCertificate).string() << ", good until " << format_rfc3339(root.not_after())
      << ": clients need it to trust what it issues\n";
  if (values.has("intermediate")) {
    out << "the intermediate issues from now on: keep " << (folder / kCaKey).string() << " somewhere safe, offline\n";
  }
  return 0;
}

// --- issue and renew ------------------------------------------------------------------------------------------------

/// An authority and what follows the leaf in the files of servers.
struct Issuer {
  pki::Authority authority;
  std::string root;  // where the root itself signs: for whoever looks at the file, and harmless (RFC 8446 §4.4.2)

  static Issuer open(const fs::path& folder) {
    if (fs::exists(folder / kIntermediateKey)) {
      return {.authority = pki::Authority::load(read(folder / kIntermediateCertificate),
                                                Secret(read(folder / kIntermediateKey)).reveal()),
              .root = ""};
    }
    if (!fs::exists(folder / kCaKey)) {
      refuse(folder.string() + " holds no authority (" + kCaKey + " is missing); make one with mcdsl ca new");
    }
    auto authority = pki::Authority::load(read(folder / kCaCertificate), Secret(read(folder / kCaKey)).reveal());
    std::string root = authority.certificate();
    return {.authority = std::move(authority), .root = std::move(root)};
  }
};

void issue(const Issuer& issuer, const fs::path& folder, const std::vector<std::string>& names, Days length,
           pki::KeyType key, const Clock& clock) {
  const pki::Validity dates = validity(clock, length);
  if (dates.not_after > issuer.authority.not_after()) {
    refuse("the authority itself is only good until " + format_rfc3339(issuer.authority.not_after()) +
           ": make a new one, or ask for fewer --days");
  }
  const pki::Issued issued = issuer.authority.issue({.names = names, .validity = dates, .key = key});
  make_private_folder(folder);
  // The key first: a service that rereads between the two finds a pair that does not fit and keeps its old one.
  write_file_atomically(folder / kKey, issued.key.reveal(), kSecretMode);
  write_file_atomically(folder / kCertificate, issued.chain + issuer.root, kPublicMode);
}

void report(const fs::path& folder, std::ostream& out) {
  const auto leaf = read_certificates(folder / kCertificate).front();
  out << (folder / kCertificate).string() << " is good until " << format_rfc3339(leaf.not_after) << " for "
      << joined(leaf.names) << '\n';
}

int issue_certificate(const Values& values, std::ostream& out, const Clock& clock) {
  const fs::path folder = values.text("out", ".");
  if (!values.has("force") && (fs::exists(folder / kCertificate) || fs::exists(folder / kKey))) {
    refuse(folder.string() + " holds a certificate already; renew it with mcdsl ca renew, or give --force");
  }
  const auto names = values.all("NAME");
  issue(Issuer::open(values.text("ca")), folder, {names.begin(), names.end()}, days(values, "days", kCertificateDays),
        key_type(values), clock);
  report(folder, out);
  return 0;
}

int renew_certificates(const Values& values, std::ostream& out, const Clock& clock) {
  const Issuer issuer = Issuer::open(values.text("ca"));
  const Days length = days(values, "days", kCertificateDays);
  for (const std::string& folder : values.all("FOLDER")) {
    const auto old = read_certificates(fs::path(folder) / kCertificate).front();
    if (old.names.empty()) {
      refuse((fs::path(folder) / kCertificate).string() + " names no host to renew it for");
    }
    if (values.has("within") && old.not_after - clock.now() > days(values, "within", 1)) {
      out << (fs::path(folder) / kCertificate).string() << " is good until " << format_rfc3339(old.not_after)
          << " and stays\n";
      continue;
    }
    issue(issuer, folder, old.names, length, old.key == "P-384" ? pki::KeyType::p384 : pki::KeyType::p256, clock);
    report(folder, out);
  }
  return 0;
}

// --- show -----------------------------------------------------------------------------------------------------------

// The certificate files that a path stands for.
std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return {path};
  }
  std::vector<fs::path> files;
  for (const char* name : {kCaCertificate, kIntermediateCertificate, kCertificate}) {
    if (fs::exists(path / name)) {
      files.push_back(path / name);
    }
  }
  if (files.empty()) {
    refuse(path.string() + " holds neither " + kCaCertificate + " nor " + kCertificate);
  }
  return files;
}

void print_text(const pki::CertificateInfo& info, std::size_t number, std::ostream& out) {
  out << "  " << number << ". " << info.subject << (info.is_authority ? ", an authority" : "") << '\n';
  if (!info.names.empty()) {
    out << "     names    " << joined(info.names) << '\n';
  }
  out << "     issuer   " << (info.is_self_issued ? "itself" : info.issuer) << '\n'
      << "     good     from " << format_rfc3339(info.not_before) << " until " << format_rfc3339(info.not_after) << '\n'
      << "     key      " << info.key << '\n'
      << "     serial   " << info.serial << '\n'
      << "     sha256   " << info.sha256 << '\n';
}

void write_json(json::Writer& json, const fs::path& file, const pki::CertificateInfo& info) {
  json.begin_object()
      .field("file", file.string())
      .field("subject", info.subject)
      .field("issuer", info.issuer)
      .field("serial", info.serial)
      .field("not_before", format_rfc3339(info.not_before))
      .field("not_after", format_rfc3339(info.not_after))
      .field("authority", info.is_authority)
      .field("key", info.key)
      .field("sha256", info.sha256);
  json.key("names").begin_array();
  for (const std::string& name : info.names) {
    json.value(name);
  }
  json.end_array().end_object();
}

int show(const Values& values, std::ostream& out, const Clock& clock) {
  const bool as_json = values.has("json");
  bool ends_soon = false;
  json::Writer json;
  json.begin_array();
  for (const std::string& path : values.all("PATH")) {
    for (const fs::path& file : files_at(path)) {
      if (!as_json) {
        out << file.string() << '\n';
      }
      std::size_t number = 0;
      for (const pki::CertificateInfo& info : read_certificates(file)) {
        if (as_json) {
          write_json(json, file, info);
        } else {
          print_text(info, ++number, out);
        }
        ends_soon = ends_soon || (values.has("within") && info.not_after - clock.now() <= days(values, "within", 1));
      }
    }
  }
  json.end_array();
  if (as_json) {
    out << json.view() << '\n';
  }
  return ends_soon ? 1 : 0;
}

}  // namespace

cli::Command ca_commands(std::ostream& out, const Clock& clock) {
  const auto calls = [&out, &clock](int (*act)(const Values&, std::ostream&, const Clock&)) {
    return [&out, &clock, act](const Values& values) { return act(values, out, clock); };
  };
  const cli::Option authority{
      .name = "ca", .about = "the folder of the authority", .kind = Kind::folder, .is_required = true};
  const cli::Option key{
      .name = "key", .about = "its type; p256 unless given", .kind = Kind::text, .choices = {"p256", "p384"}};
  const auto length = [](std::int64_t otherwise) {
    return cli::Option{.name = "days",
                       .about = "how long it is good; " + std::to_string(otherwise) + " unless given",
                       .kind = Kind::number};
  };
  return {
      .name = "ca",
      .about = "make a certificate authority, issue and renew certificates",
      .commands = {
          {.name = "new",
           .about = "make an authority in a folder: ca.pem for clients, ca.key to be kept secret",
           .arguments = {{.name = "FOLDER", .about = "of the authority", .kind = Kind::folder}},
           .options = {{.name = "name", .about = "what it is called", .kind = Kind::text},
                       length(kAuthorityDays),
                       {.name = "intermediate", .about = "make an intermediate too, which issues in its place"},
                       key},
           .examples = {{.line = "mcdsl ca new /srv/ca --name \"Our services\"", .about = "an authority"}},
           .run = calls(make_authority)},
          {.name = "issue",
           .about = "issue a certificate: cert.pem, the leaf first, and key.pem of mode 0600",
           .arguments = {{.name = "NAME", .about = "a DNS name or an IP address", .may_repeat = true}},
           .options = {authority,
                       {.name = "out", .about = "where to; the current folder unless given", .kind = Kind::folder},
                       length(kCertificateDays),
                       key,
                       {.name = "force", .about = "replace the certificate that is there"}},
           .examples = {{.line = "mcdsl ca issue --ca /srv/ca --out /srv/mcq/certs mcq.example.org 10.0.0.7",
                         .about = "a certificate for a service"}},
           .run = calls(issue_certificate)},
          {.name = "renew",
           .about = "issue certificates anew, with a new key, for the names they have",
           .arguments =
               {{.name = "FOLDER", .about = "with cert.pem and key.pem", .kind = Kind::folder, .may_repeat = true}},
           .options = {authority,
                       length(kCertificateDays),
                       {.name = "within", .about = "only those that end within so many days", .kind = Kind::number}},
           .examples = {{.line = "mcdsl ca renew --ca /srv/ca --within 30 /srv/mcq/certs",
                         .about = "what a timer runs every day; the service takes the new one by itself"}},
           .run = calls(renew_certificates)},
          {.name = "show",
           .about = "print what certificates say",
           .arguments = {{.name = "PATH",
                          .about = "a PEM file, or a folder of the above",
                          .kind = Kind::file,
                          .may_repeat = true}},
           .options = {{.name = "json", .about = "as a JSON array, for machines"},
                       {.name = "within", .about = "fail where one ends within so many days", .kind = Kind::number}},
           .run = calls(show)}}};
}

}  // namespace mcdsl::tool
