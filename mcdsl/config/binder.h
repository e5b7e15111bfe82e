#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/secret.h"

namespace mcdsl::config {

namespace internal {
struct Section;
}

/// What a text has to look like.
enum class Format : std::uint8_t {
  any,
  host_port,  ///< something to connect to: "host:port", "10.0.0.1:port", "[::1]:port"
  url,        ///< "http://…" or "https://…", with a host and without a user or a fragment
  cidr,       ///< an IP address or a block of them: "10.0.0.0/8", "::1"
};

/// `doc` is a sentence or two for the example file, the JSON Schema and the reference page.
struct Documented {
  std::string_view doc = {};
};

/// Both bounds are allowed values.
template <class T>
struct Bounded {
  std::string_view doc = {};
  std::optional<T> min = std::nullopt;
  std::optional<T> max = std::nullopt;
};

struct Text {
  std::string_view doc = {};
  Format format = Format::any;
};

struct ListenAddress {
  std::string_view doc = {};
  std::string_view port_variable = {};  ///< "PORT": the environment variable that replaces the port
  /// Where the address is empty, a port variable gives it the host of this sibling key, or 127.0.0.1 where none is
  /// named.
  std::string_view host_like = {};
};

/// Calls it to say that the value of a key (of the section whose `bind` registered the check) cannot be accepted.
using Refuse = std::function<void(std::string_view key, std::string why)>;

/// Told by the `bind(Binder&)` of a struct which fields it has. It only records them: the values are read once `bind`
/// has returned, so nothing in `bind` may depend on them but the body of a `check`.
///
/// Keys are TOML bare keys in snake_case. Lifetime: the bound fields must stay where they are while it is used.
/// Errors: a key given twice, not bare, or required but never bound is a bug and throws Exception (internal).
class Binder {
 public:
  Binder();

  /// All that a struct's `bind` names.
  template <class S>
  [[nodiscard]] static Binder of(S& value) {
    Binder binder;
    value.bind(binder);
    return binder;
  }

  void field(std::string_view key, bool& value, Documented options = {});
  void field(std::string_view key, double& value, Bounded<double> options = {});
  /// Never negative unless `min` says so.
  void field(std::string_view key, std::chrono::nanoseconds& value, Bounded<std::chrono::nanoseconds> options = {});
  void field(std::string_view key, std::string& value, Text options = {});
  /// An array of strings; comma-separated in the environment.
  void field(std::string_view key, std::vector<std::string>& value, Text options = {});
  void field(std::string_view key, std::filesystem::path& value, Documented options = {});
  /// Also read from the file that `<key>_file` names (one newline at its end is dropped), or from the systemd
  /// credential
  /// `<section>.<key>`. Never shown.
  void field(std::string_view key, Secret& value, Documented options = {});

  template <std::integral T>
  void field(std::string_view key, T& value, Bounded<T> options = {}) {
    constexpr auto kLargest = static_cast<std::int64_t>(
        std::min<std::uint64_t>(std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max()));
    const auto largest = options.max ? static_cast<std::int64_t>(*options.max) : kLargest;
    const auto smallest = static_cast<std::int64_t>(options.min.value_or(std::numeric_limits<T>::min()));
    add_integer(
        key, options.doc, smallest, largest, [&value] { return static_cast<std::int64_t>(value); },
        [&value](std::int64_t number) { value = static_cast<T>(number); });
  }

  /// A value out of a few, each with its word: `b.choice("tls", tls, {{"on", Tls::on}, {"off", Tls::off}})`.
  template <class E>
  void choice(std::string_view key, E& value, std::initializer_list<std::pair<std::string_view, E>> words,
              Documented options = {}) {
    std::vector<std::string> names;
    std::vector<E> values;
    for (const auto& [name, meaning] : words) {
      names.emplace_back(name);
      values.push_back(meaning);
    }
    add_choice(
        key, options.doc, std::move(names),
        [&value, values] { return static_cast<std::size_t>(std::ranges::find(values, value) - values.begin()); },
        [&value, values](std::size_t index) { value = values[index]; });
  }

  /// An address to listen on: "host:port", "[::1]:port", ":port" (every interface), "unix:/path"; empty for none.
  void listen_address(std::string_view key, std::string& value, ListenAddress options = {});

  /// A table, `[key]`, with the fields that the struct's own `bind` names.
  template <class S>
  void section(std::string_view key, S& section, std::string_view doc = {}) {
    Binder inner = open(key, doc);
    section.bind(inner);
  }

  /// An array of tables, `[[key]]`, one element each. Only the file can fill it.
  template <class S>
  void tables(std::string_view key, std::vector<S>& values, std::string_view doc = {}) {
    const auto prototype = std::make_shared<S>();
    add_tables(
        key, doc, prototype, of(*prototype), [&values](std::size_t count) { values.assign(count, S()); },
        [&values] {
          std::vector<Binder> binders;
          for (S& value : values) {
            binders.push_back(of(value));
          }
          return binders;
        });
  }

  /// The key must end up with a value: not empty, or for a type that has no empty value, set by someone. A dotted path
  /// reaches into a section: `b.require("mcias.server_url")`.
  void require(std::string_view path);

  /// A rule across fields, judged when all of them have their values.
  void check(std::function<void(const Refuse& refuse)> rule);

  [[nodiscard]] internal::Section& root() const noexcept { return *section_; }

 private:
  explicit Binder(std::shared_ptr<internal::Section> section) : section_(std::move(section)) {}

  Binder open(std::string_view key, std::string_view doc);
  void add_integer(std::string_view key, std::string_view doc, std::int64_t min, std::int64_t max,
                   std::function<std::int64_t()> get, std::function<void(std::int64_t)> set);
  void add_choice(std::string_view key, std::string_view doc, std::vector<std::string> words,
                  std::function<std::size_t()> get, std::function<void(std::size_t)> set);
  void add_tables(std::string_view key, std::string_view doc, std::shared_ptr<void> prototype, const Binder& shape,
                  std::function<void(std::size_t)> resize, std::function<std::vector<Binder>()> elements);

  std::shared_ptr<internal::Section> section_;
};

}  // namespace mcdsl::config
