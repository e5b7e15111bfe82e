#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/config/binder.h"
#include "mcdsl/config/standard.h"

/// A service's configuration: a struct whose `bind(Binder&)` names its fields once, filled from a TOML file and the
/// environment. See standard.h for the struct that a service derives its own from.
namespace mcdsl::config {

using Environment = std::map<std::string, std::string, std::less<>>;

/// The environment of this process.
[[nodiscard]] Environment process_environment();

/// Where values come from. The strongest first: `$PORT`, `$PORT_GRPC`, `$PORT_<NAME>` (they replace a port and nothing
/// else), then `<env_prefix>_<SECTION>_<KEY>` and systemd credentials, then the file, then the struct's own defaults.
struct Source {
  std::filesystem::path file = {};  ///< empty: none
  std::string env_prefix = {};      ///< "NOTES"; empty: only the port variables and the credentials count
  Environment environment = process_environment();
  /// Keys and variables that the struct does not have are another one's: for tools that know the standard sections
  /// only.
  bool ignores_unknown = false;
};

/// The configuration cannot be used; `findings()` are all the reasons, one line each: "notes.toml:3:1: server.tsl:
/// unknown key; did you mean server.tls?". No line holds the value of a secret.
class Invalid : public Exception {
 public:
  explicit Invalid(std::vector<std::string> findings);
  [[nodiscard]] const std::vector<std::string>& findings() const noexcept { return findings_; }

 private:
  std::vector<std::string> findings_;
};

/// An address that the service will listen on, to be logged at start.
struct Listener {
  std::string key;     ///< "server.listen_addr"
  std::string value;   ///< "127.0.0.1:8443"
  std::string origin;  ///< as in Origins
  /// The address the operator wrote that a port variable changed, with its origin: "127.0.0.1:8443 (file
  /// notes.toml:2:1)". Empty where there was none.
  std::string replaced = {};
};

/// By path ("server.listen_addr", "policy[0].name"): "default", "file notes.toml:3:1", "env NOTES_SERVER_LISTEN_ADDR",
/// "$PORT", "file /srv/notes/key via web.key_file", "credential web.key".
using Origins = std::map<std::string, std::string, std::less<>>;

/// A configuration and where each of its values came from.
template <class T>
struct Loaded {
  T value = {};
  Origins origins = {};
  std::vector<Listener> listeners = {};  ///< those that are set, in the order of `bind`

  const T* operator->() const noexcept { return &value; }
  const T& operator*() const noexcept { return value; }
};

namespace internal {

struct Outcome {
  Origins origins;
  std::vector<Listener> listeners;
  std::vector<std::string> findings;
};
[[nodiscard]] Outcome fill(const Binder& binder, const Source& source);
[[nodiscard]] std::string show(const Binder& binder, const Origins* origins);
[[nodiscard]] std::string example(const Binder& binder);
[[nodiscard]] std::string json_schema(const Binder& binder, std::string_view title);
[[nodiscard]] std::string reference(const Binder& binder, std::string_view env_prefix);

}  // namespace internal

/// Reads the configuration: `auto cfg = config::load<notes::Config>({.file = "notes.toml", .env_prefix = "NOTES"});`.
/// A file that is named has to be there; it may have 1 MiB.
/// Errors: throws Invalid with everything that is wrong.
template <class T>
[[nodiscard]] Loaded<T> load(const Source& source, T defaults = {}) {
  Loaded<T> loaded{.value = std::move(defaults)};
  internal::Outcome outcome = internal::fill(Binder::of(loaded.value), source);
  if (!outcome.findings.empty()) {
    throw Invalid(std::move(outcome.findings));
  }
  loaded.origins = std::move(outcome.origins);
  loaded.listeners = std::move(outcome.listeners);
  return loaded;
}

/// What `load` would refuse, one line each; empty where it would succeed.
template <class T>
[[nodiscard]] std::vector<std::string> check(const Source& source, T defaults = {}) {
  return internal::fill(Binder::of(defaults), source).findings;
}

enum class Show : std::uint8_t { values, values_and_origins };

/// The effective values as a TOML file that loads again. A secret that is set is a comment: `#key = "********"`.
template <class T>
[[nodiscard]] std::string show(const Loaded<T>& loaded, Show what = Show::values) {
  T copy = loaded.value;
  return internal::show(Binder::of(copy), what == Show::values_and_origins ? &loaded.origins : nullptr);
}

/// A TOML file to start from: every key with its meaning, its type and its default as a comment (`#key = value`), and
/// the required ones to be filled in.
template <class T>
[[nodiscard]] std::string example(T defaults = {}) {
  return internal::example(Binder::of(defaults));
}

/// A JSON Schema (draft 2020-12) of the file, for editors.
template <class T>
[[nodiscard]] std::string json_schema(std::string_view title, T defaults = {}) {
  return internal::json_schema(Binder::of(defaults), title);
}

/// The reference page, in Markdown.
template <class T>
[[nodiscard]] std::string reference(std::string_view env_prefix, T defaults = {}) {
  return internal::reference(Binder::of(defaults), env_prefix);
}

}  // namespace mcdsl::config
