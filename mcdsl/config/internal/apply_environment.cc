#include <map>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/config/internal/address.h"
#include "mcdsl/config/internal/assign.h"
#include "mcdsl/config/internal/state.h"
#include "mcdsl/config/internal/suggest.h"
#include "mcdsl/config/internal/walk.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::string_view kCredentials = "CREDENTIALS_DIRECTORY";  // systemd.exec(5), "Credentials"
constexpr std::string_view kDefaultHost = "127.0.0.1";

/// Null where it is not set, or has no name.
const std::string* find(const Environment& environment, std::string_view name) {
  const auto found = name.empty() ? environment.end() : environment.find(name);
  return found == environment.end() ? nullptr : &found->second;
}

struct Variable {
  Field* field;
  std::string path;
};

class EnvironmentReader {
 public:
  EnvironmentReader(Section& root, const Source& source, State& state) : source_(source), state_(state) {
    walk_sections(root, "", [this](Section& section, const std::string& path) {
      for (Field& field : section.fields) {
        add_names(field, join(path, field.key));
      }
    });
  }

  void read() {
    if (!source_.env_prefix.empty()) {
      read_variables();
    }
    for (const auto& [path, secret] : secrets_) {
      read_secret(*secret, path);
    }
  }

 private:
  void add_names(Field& field, const std::string& path) {
    const std::string name = environment_name(source_.env_prefix, path);
    if (field.is_secret()) {
      secrets_[path] = &field;
      add_name(name + std::string(kFileSuffix), {.field = nullptr, .path = path});
    }
    add_name(name, {.field = field.is_secret() ? nullptr : &field, .path = path});
  }

  void add_name(const std::string& name, Variable variable) {
    if (source_.env_prefix.empty()) {
      return;
    }
    const auto [existing, is_new] = variables_.emplace(name, std::move(variable));
    if (!is_new) {
      throw Exception(Code::internal, "config: two fields have the environment variable " + name);
    }
    names_.push_back(name);
  }

  void read_variables() {
    const std::string prefix = source_.env_prefix + "_";
    for (auto it = source_.environment.lower_bound(prefix);
         it != source_.environment.end() && it->first.starts_with(prefix); ++it) {
      read_variable(it->first, it->second);
    }
  }

  void read_variable(const std::string& name, const std::string& text) {
    const auto variable = variables_.find(name);
    if (variable == variables_.end()) {
      refuse_unknown(name);
    } else if (Field* field = variable->second.field) {
      set(*field, variable->second.path, name, text);
    }
  }

  void refuse_unknown(const std::string& name) {
    if (state_.ignores_unknown) {
      return;
    }
    const std::string meant = state_.findings.has_room() ? closest(name, names_) : "";
    state_.findings.add(name, {},
                        meant.empty() ? "unknown variable" : fmt::format("unknown variable; did you mean {}?", meant));
  }

  void set(Field& field, const std::string& path, const std::string& name, const std::string& text) {
    state_.origins[path] = {.text = "env " + name, .where = name};
    if (!is_valid_utf8(text)) {
      state_.findings.add(name, path, "is not valid UTF-8");
    } else if (const auto problem = assign(field, from_environment(field, text))) {
      state_.findings.add(name, path, *problem);
    }
  }

  /// A secret comes from one variable, one file or one credential; two of them contradict each other.
  void read_secret(Field& secret, const std::string& path) {
    const std::string name = environment_name(source_.env_prefix, path);
    const std::string file_name = name.empty() ? "" : name + std::string(kFileSuffix);
    const std::string* text = find(source_.environment, name);
    const std::string* file = find(source_.environment, file_name);
    const std::filesystem::path credential = find_credential(path);
    const int sources = (text != nullptr ? 1 : 0) + (file != nullptr ? 1 : 0) + (credential.empty() ? 0 : 1);
    if (sources == 0) {
      return;
    }
    state_.secret_files.erase(path);
    if (sources > 1) {
      state_.findings.add(name, path, "is given more than once, by a variable, by a file or as a credential: keep one");
    } else if (text != nullptr) {
      set(secret, path, name, *text);
    } else if (file != nullptr) {
      read_later(secret, path, *file,
                 {.text = fmt::format("file {} via env {}", *file, file_name), .where = file_name});
    } else {
      read_later(secret, path, credential, {.text = "credential " + path, .where = std::string(kCredentials)});
    }
  }

  void read_later(Field& secret, const std::string& path, const std::filesystem::path& file, Origin origin) {
    state_.secret_files[path] = {.field = &secret, .file = file, .key = path, .origin = std::move(origin)};
  }

  [[nodiscard]] std::filesystem::path find_credential(const std::string& path) const {
    const std::string* folder = find(source_.environment, kCredentials);
    if (folder == nullptr || folder->empty()) {
      return {};
    }
    const std::filesystem::path file = std::filesystem::path(*folder) / path;
    std::error_code error;  // a file that cannot be looked at counts: reading it will say why
    const bool is_missing = std::filesystem::status(file, error).type() == std::filesystem::file_type::not_found;
    return is_missing ? std::filesystem::path() : file;
  }

  const Source& source_;
  State& state_;
  std::map<std::string, Variable, std::less<>> variables_;  ///< by name; a secret's have no field: read_secret has them
  std::map<std::string, Field*, std::less<>> secrets_;      ///< by path
  std::vector<std::string> names_;
};

/// The host that an address without one of its own gets together with its port.
std::string default_host(Section& section, const ListenTarget& target) {
  const Field* sibling = section.find_field(target.host_like);
  const auto* like = sibling == nullptr ? nullptr : std::get_if<ListenTarget>(&sibling->target);
  if (like == nullptr || like->value->empty() || is_unix_socket(*like->value)) {
    return std::string(kDefaultHost);
  }
  return std::string(host_of(*like->value));
}

void apply_port(Section& section, const ListenTarget& target, const std::string& path, const std::string& port,
                State& state) {
  const std::string& variable = target.port_variable;
  if (!is_port(port)) {
    state.findings.add(variable, path, "wants a port, a number from 0 to 65535");
    return;
  }
  std::string& address = *target.value;
  if (is_unix_socket(address)) {
    state.findings.add(variable, path, "has no port to be replaced: it is the Unix socket \"" + address + "\"");
    return;
  }
  const Origin before = state.origin_of(path);
  if (!before.where.empty() && !address.empty()) {
    state.replaced[path] = fmt::format("{} ({})", address, before.text);
  }
  const std::string host = address.empty() ? default_host(section, target) : std::string(host_of(address));
  address = host + ":" + port;
  state.origins[path] = {.text = "$" + variable, .where = variable};
}

}  // namespace

void apply_environment(Section& root, const Source& source, State& state) {
  EnvironmentReader(root, source, state).read();
}

void apply_ports(Section& root, const Environment& environment, State& state) {
  walk_sections(root, "", [&](Section& section, const std::string& path) {
    for (const Field& field : section.fields) {
      const auto* target = std::get_if<ListenTarget>(&field.target);
      const std::string* port = target == nullptr ? nullptr : find(environment, target->port_variable);
      if (port != nullptr && !port->empty()) {
        apply_port(section, *target, join(path, field.key), *port, state);
      }
    }
  });
}

}  // namespace mcdsl::config::internal
