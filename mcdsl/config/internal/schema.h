#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mcdsl/base/secret.h"
#include "mcdsl/config/binder.h"

/// What `bind` recorded: a tree of sections and fields, each field with a way to the variable it stands for.
namespace mcdsl::config::internal {

struct BooleanTarget {
  bool* value;
};
struct IntegerTarget {
  std::int64_t min;
  std::int64_t max;
  std::function<std::int64_t()> get;
  std::function<void(std::int64_t)> set;
};
struct RealTarget {
  double* value;
  double min;
  double max;
};
struct DurationTarget {
  std::chrono::nanoseconds* value;
  std::chrono::nanoseconds min;
  std::chrono::nanoseconds max;
};
struct TextTarget {
  std::string* value;
  Format format;
};
struct ListenTarget {
  std::string* value;
  std::string port_variable;
  std::string host_like;
};
struct ListTarget {
  std::vector<std::string>* value;
  Format format;
};
struct PathTarget {
  std::filesystem::path* value;
};
struct SecretTarget {
  Secret* value;
};
struct ChoiceTarget {
  std::vector<std::string> words;
  std::function<std::size_t()> get;
  std::function<void(std::size_t)> set;
};

using Target = std::variant<BooleanTarget, IntegerTarget, RealTarget, DurationTarget, TextTarget, ListenTarget,
                            ListTarget, PathTarget, SecretTarget, ChoiceTarget>;

struct Field {
  std::string key;
  std::string doc;
  Target target;
  bool required = false;

  [[nodiscard]] bool is_secret() const noexcept { return std::holds_alternative<SecretTarget>(target); }
};

struct Tables {
  std::string key;
  std::string doc;
  std::shared_ptr<void> prototype;  ///< keeps the variables of `shape` alive
  std::shared_ptr<Section> shape;   ///< of one element
  std::function<void(std::size_t)> resize;
  std::function<std::vector<Binder>()> elements;
};

struct Section {
  std::string key = {};  ///< empty for the root and for an element of an array
  std::string doc = {};
  std::vector<Field> fields = {};
  std::vector<std::shared_ptr<Section>> sections = {};
  std::vector<Tables> tables = {};
  std::vector<std::function<void(const Refuse&)>> checks = {};
  std::vector<std::string> required = {};  ///< paths, as given to `require`

  [[nodiscard]] Field* find_field(std::string_view name);
  [[nodiscard]] Section* find_section(std::string_view name);
  [[nodiscard]] Tables* find_tables(std::string_view name);
  /// Marks the fields that `require` named, here and below. Throws Exception (internal) for a path that leads nowhere.
  void resolve_required();
};

/// "server" and "tls" to "server.tls"; an empty part adds nothing.
[[nodiscard]] std::string join(std::string_view path, std::string_view key);

/// "NOTES" and "server.listen_addr" to "NOTES_SERVER_LISTEN_ADDR"; empty where the prefix is.
[[nodiscard]] std::string environment_name(std::string_view prefix, std::string_view path);

}  // namespace mcdsl::config::internal
