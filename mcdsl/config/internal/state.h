#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/document.h"
#include "mcdsl/config/internal/findings.h"
#include "mcdsl/config/internal/schema.h"

/// What the layers of a configuration (file, environment, ports) hand to each other while it is filled.
namespace mcdsl::config::internal {

struct Origin {
  std::string text = "default";  ///< for people: "file notes.toml:3:1"
  std::string where = {};        ///< in front of a finding: "notes.toml:3:1"; empty for a default
};

/// A secret that waits in a file until it is known that no stronger layer has it.
struct SecretFile {
  Field* field = nullptr;
  std::filesystem::path file;
  std::string key;  ///< to name in a finding: "web.key_file" where the file names it, else "web.key"
  Origin origin;
};

struct State {
  bool ignores_unknown = false;
  Findings findings = {};
  std::map<std::string, Origin, std::less<>> origins = {};           ///< by path; none for a default
  std::map<std::string, SecretFile, std::less<>> secret_files = {};  ///< by path of the secret
  std::map<std::string, std::string, std::less<>> replaced = {};     ///< by path: the address under a port variable
  std::vector<Binder> elements = {};  ///< of arrays of tables: they own fields that `secret_files` points to

  [[nodiscard]] Origin origin_of(std::string_view path) const {
    const auto found = origins.find(path);
    return found == origins.end() ? Origin() : found->second;
  }
};

/// Fills the fields below `root` from a document and notes what it cannot use. `name` is the file's, for findings.
void apply_document(Section& root, const Value& document, std::string_view name, State& state);

/// The same from the variables that start with the prefix, and from systemd's credentials.
void apply_environment(Section& root, const Source& source, State& state);

/// Puts the port variables over the addresses they are for.
void apply_ports(Section& root, const Environment& environment, State& state);

}  // namespace mcdsl::config::internal
