#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "mcdsl/config/internal/assign.h"
#include "mcdsl/config/internal/document.h"
#include "mcdsl/config/internal/state.h"
#include "mcdsl/config/internal/suggest.h"
#include "mcdsl/config/internal/walk.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::string_view kFileSuffix = "_file";

class DocumentReader {
 public:
  DocumentReader(Section& root, std::string_view name, State& state) : root_(root), name_(name), state_(state) {}

  void read_section(Section& section, const std::string& path, const Value& table) {
    for (const Value& member : table.elements) {
      read_member(section, path, member);
    }
    refuse_doubled_secrets(section, path, table);
  }

 private:
  void read_member(Section& section, const std::string& path, const Value& member) {
    const std::string member_path = join(path, member.key);
    if (Field* field = section.find_field(member.key)) {
      read_field(*field, member_path, member);
    } else if (Field* secret = find_secret_of_file(section, member.key)) {
      read_secret_file(*secret, join(path, secret->key), member);
    } else if (Section* inner = section.find_section(member.key)) {
      read_inner(*inner, member_path, member);
    } else if (Tables* tables = section.find_tables(member.key)) {
      read_tables(*tables, member_path, member);
    } else {
      refuse_unknown(section, path, member);
    }
  }

  void read_field(Field& field, const std::string& path, const Value& value) {
    state_.origins[path] = origin_at(value.key_at);
    if (const auto problem = assign(field, value)) {
      state_.findings.add(place(value.at), path, *problem);
    }
  }

  void read_secret_file(Field& secret, const std::string& path, const Value& value) {
    const std::string key = path + std::string(kFileSuffix);
    if (value.kind != Kind::text || value.text.empty() || value.text.contains('\0')) {
      state_.findings.add(place(value.at), key, "wants the path of a file");
      return;
    }
    const Origin origin{.text = fmt::format("file {} via {}", value.text, key), .where = place(value.key_at)};
    state_.secret_files[path] = {.field = &secret, .file = value.text, .key = key, .origin = origin};
  }

  void read_inner(Section& section, const std::string& path, const Value& value) {
    if (value.kind != Kind::table) {
      state_.findings.add(place(value.at), path, fmt::format("is a section: write it as [{}]", path));
      return;
    }
    read_section(section, path, value);
  }

  void read_tables(const Tables& tables, const std::string& path, const Value& value) {
    const auto is_table = [](const Value& element) { return element.kind == Kind::table; };
    if (value.kind != Kind::array || !std::ranges::all_of(value.elements, is_table)) {
      state_.findings.add(place(value.at), path, fmt::format("is an array of tables: write each as [[{}]]", path));
      return;
    }
    tables.resize(value.elements.size());
    const std::vector<Binder> elements = tables.elements();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      read_section(elements[i].root(), fmt::format("{}[{}]", path, i), value.elements[i]);
    }
    keep(elements);
  }

  void refuse_doubled_secrets(Section& section, const std::string& path, const Value& table) {
    for (const Value& member : table.elements) {
      const Field* secret = find_secret_of_file(section, member.key);
      if (secret == nullptr || std::ranges::find(table.elements, secret->key, &Value::key) == table.elements.end()) {
        continue;
      }
      const std::string secret_path = join(path, secret->key);
      state_.findings.add(place(member.key_at), secret_path,
                          fmt::format("is given here by {} and also by {}: keep one", member.key, secret->key));
      state_.secret_files.erase(secret_path);
    }
  }

  void refuse_unknown(Section& section, const std::string& path, const Value& member) {
    if (state_.ignores_unknown) {
      return;
    }
    const std::string meant = state_.findings.has_room() ? suggestion(section, path, member.key) : "";
    const std::string_view what = member.kind == Kind::table ? "unknown section" : "unknown key";
    state_.findings.add(place(member.key_at), join(path, member.key),
                        meant.empty() ? std::string(what) : fmt::format("{}; did you mean {}?", what, meant));
  }

  /// A key of this section that looks like it, or else the same key where it belongs.
  std::string suggestion(const Section& section, const std::string& path, const std::string& key) {
    std::vector<std::string> siblings;
    for (const Field& field : section.fields) {
      siblings.push_back(field.key);
      if (field.is_secret()) {
        siblings.push_back(field.key + std::string(kFileSuffix));
      }
    }
    for (const auto& inner : section.sections) {
      siblings.push_back(inner->key);
    }
    for (const Tables& tables : section.tables) {
      siblings.push_back(tables.key);
    }
    if (const std::string close = closest(key, siblings); !close.empty()) {
      return join(path, close);
    }
    return same_key_elsewhere(key);
  }

  std::string same_key_elsewhere(const std::string& key) {
    std::string elsewhere;
    walk_sections(root_, "", [&](Section& section, const std::string& path) {
      if (elsewhere.empty() && section.find_field(key) != nullptr) {
        elsewhere = join(path, key);
      }
    });
    return elsewhere;
  }

  static Field* find_secret_of_file(Section& section, std::string_view key) {
    if (!key.ends_with(kFileSuffix)) {
      return nullptr;
    }
    Field* field = section.find_field(key.substr(0, key.size() - kFileSuffix.size()));
    return field != nullptr && field->is_secret() ? field : nullptr;
  }

  /// The fields of elements that wait for a secret file have to outlive this reader.
  void keep(const std::vector<Binder>& elements) {
    state_.elements.insert(state_.elements.end(), elements.begin(), elements.end());
  }

  [[nodiscard]] std::string place(Position at) const { return fmt::format("{}:{}:{}", name_, at.line, at.column); }
  [[nodiscard]] Origin origin_at(Position at) const { return {.text = "file " + place(at), .where = place(at)}; }

  Section& root_;
  std::string_view name_;
  State& state_;
};

}  // namespace

void apply_document(Section& root, const Value& document, std::string_view name, State& state) {
  DocumentReader(root, name, state).read_section(root, "", document);
}

}  // namespace mcdsl::config::internal
