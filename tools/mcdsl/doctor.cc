#include "tools/mcdsl/doctor.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/config/config.h"
#include "mcdsl/doctor/doctor.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;

// "notes.toml" in a folder "notes", or else the only such file there is.
fs::path find_config(const fs::path& folder) {
  if (fs::is_regular_file(folder)) {
    return folder;
  }
  if (!fs::is_directory(folder)) {
    throw Exception(Code::not_found, folder.string() + " is no folder of a service");
  }
  const fs::path whole = fs::canonical(folder);
  if (fs::path named = whole / (whole.filename().string() + ".toml"); fs::exists(named)) {
    return named;
  }
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(whole)) {
    if (entry.path().extension() == ".toml") {
      found.push_back(entry.path());
    }
  }
  if (found.size() != 1) {
    throw Exception(Code::not_found, folder.string() + (found.empty() ? " holds no configuration (*.toml)"
                                                                      : " holds several configurations: name one"));
  }
  return found.front();
}

std::string env_prefix(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : (c == '-' ? '_' : c);
  });
  return name;
}

int examine(const cli::Values& values, std::ostream& out, const Clock& clock) {
  const fs::path file = find_config(values.text("FOLDER", "."));
  const std::string name = file.stem().string();
  const auto findings = doctor::examine_service<config::Standard>(
      name, {.file = file, .env_prefix = env_prefix(name), .ignores_unknown = true}, {}, {.clock = clock});
  if (values.has("json")) {
    out << doctor::to_json(findings) << '\n';
  } else {
    doctor::print(findings, out);
  }
  return findings.empty() ? 0 : 1;
}

}  // namespace

cli::Command doctor_command(std::ostream& out, const Clock& clock) {
  return {.name = "doctor",
          .about = "look for what is wrong with the installation of a service, each finding with its fix",
          .details =
              "It looks at the configuration, who may read and change the files, ports, proxies, the certificate,\n"
              "the identity service and its clock, the database, its backups, the disk and the systemd unit, and\n"
              "changes nothing. Paths of the configuration that are not absolute count from the current folder.\n\n"
              "The service's own doctor command knows its own settings and its migrations as well.",
          .arguments = {{.name = "FOLDER",
                         .about = "of the service, or its configuration file; the current folder unless given",
                         .kind = cli::Kind::file,
                         .is_optional = true}},
          .options = {{.name = "json", .about = "as a JSON array, for machines"}},
          .examples = {{.line = "mcdsl doctor /srv/mcq", .about = "exits with 1 where something was found"}},
          .run = [&out, &clock](const cli::Values& values) { return examine(values, out, clock); }};
}

}  // namespace mcdsl::tool
