#include <utility>

#include <fmt/format.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"
#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/document.h"
#include "mcdsl/config/internal/state.h"
#include "mcdsl/config/internal/text.h"
#include "mcdsl/config/internal/walk.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::size_t kMaxFileBytes = 1U << 20U;
constexpr std::size_t kMaxSecretBytes = 64U << 10U;

std::string place(const std::string& file, Position at) {
  const std::string line = fmt::format("{}:{}", file, at.line);
  return at.column == 0 ? line : fmt::format("{}:{}", line, at.column);
}

/// Whether the file, if there is one, could be read: if not, nothing is known of what it would have set.
bool apply_file(Section& root, const std::filesystem::path& path, State& state) {
  if (path.empty()) {
    return true;
  }
  const std::string name = path.string();
  const Result<std::string> text = read_file(path, kMaxFileBytes);
  if (!text) {
    state.findings.add({}, {}, text.error().to_string());
    return false;
  }
  const auto document = parse_document(*text);
  if (!document) {
    state.findings.add(place(name, document.error().at), {}, "not valid TOML: " + document.error().message);
    return false;
  }
  apply_document(root, *document, name, state);
  return true;
}

std::string without_last_newline(std::string text) {
  for (const char end : {'\n', '\r'}) {
    if (text.ends_with(end)) {
      text.pop_back();
    }
  }
  return text;
}

void read_secret_file(const std::string& path, const SecretFile& source, State& state) {
  Result<std::string> text = read_file(source.file, kMaxSecretBytes);
  state.origins[path] = source.origin;
  if (!text) {
    state.findings.add(source.origin.where, source.key, text.error().to_string());
    return;
  }
  *std::get<SecretTarget>(source.field->target).value = Secret(without_last_newline(*std::move(text)));
}

/// How the operator can give a required key its value.
std::string remedy(const std::string& path, const Source& source) {
  const bool is_element = path.contains('[');
  const std::string variable = is_element ? "" : environment_name(source.env_prefix, path);
  const std::string file = source.file.string();
  if (variable.empty()) {
    return file.empty() ? "" : fmt::format(": set it in {}", file);
  }
  return file.empty() ? fmt::format(": set {}", variable) : fmt::format(": set it in {} or as {}", file, variable);
}

void demand_required(const Section& section, const std::string& path, const Source& source, State& state) {
  for (const Field& field : section.fields) {
    const std::string key = join(path, field.key);
    if (!field.required || state.findings.names(key)) {
      continue;
    }
    const Origin origin = state.origin_of(key);
    if (is_empty(field) && !origin.where.empty()) {
      state.findings.add(origin.where, key, "is required and must not be empty");
    } else if (is_empty(field) || (!can_be_empty(field) && origin.where.empty())) {
      state.findings.add({}, key, "is required" + remedy(key, source));
    }
  }
}

void run_checks(const Section& section, const std::string& path, State& state) {
  for (const auto& check : section.checks) {
    check([&](std::string_view key, const std::string& why) {
      const std::string full = join(path, key);
      if (!state.findings.names(full)) {
        state.findings.add(state.origin_of(full).where, full, why);
      }
    });
  }
}

void list_origins(const Section& section, const std::string& path, const State& state, Outcome& outcome) {
  for (const Field& field : section.fields) {
    const std::string key = join(path, field.key);
    outcome.origins[key] = state.origin_of(key).text;
    const auto* address = std::get_if<ListenTarget>(&field.target);
    if (address != nullptr && !address->value->empty()) {
      const auto replaced = state.replaced.find(key);
      outcome.listeners.push_back({.key = key,
                                   .value = *address->value,
                                   .origin = outcome.origins[key],
                                   .replaced = replaced == state.replaced.end() ? "" : replaced->second});
    }
  }
}

}  // namespace

Outcome fill(const Binder& binder, const Source& source) {
  Section& root = binder.root();
  root.resolve_required();
  State state{.ignores_unknown = source.ignores_unknown};
  const bool file_is_known = apply_file(root, source.file, state);
  apply_environment(root, source, state);
  for (const auto& [path, file] : state.secret_files) {
    read_secret_file(path, file, state);
  }
  apply_ports(root, source.environment, state);

  Outcome outcome;
  walk(root, "", [&](const Section& section, const std::string& path) {
    if (file_is_known) {
      demand_required(section, path, source, state);
      run_checks(section, path, state);
    }
    list_origins(section, path, state, outcome);
  });
  outcome.findings = std::move(state.findings).take();
  return outcome;
}

}  // namespace mcdsl::config::internal
