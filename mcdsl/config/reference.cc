#include <fmt/format.h>

#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/schema.h"
#include "mcdsl/config/internal/text.h"

namespace mcdsl::config::internal {
namespace {

/// As the cell of a table: on one line, with no bar that would end it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') {
      escaped += '\\';
    }
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", cell(text));
}

std::string default_of(const Field& field) {
  if (must_be_set(field)) {
    return "required";
  }
  return is_empty(field) || field.is_secret() ? "" : code(toml_value(field));
}

class ReferenceWriter {
 public:
  /// No prefix: what the environment cannot reach.
  explicit ReferenceWriter(std::string_view env_prefix) : env_prefix_(env_prefix) {}

  void write_section(const Section& section, const std::string& path) {
    if (!section.fields.empty()) {
      out_ += "| Key | Type | Default | Environment | Meaning |\n|---|---|---|---|---|\n";
    }
    for (const Field& field : section.fields) {
      write_field(field, path);
    }
    for (const auto& inner : section.sections) {
      const std::string inner_path = join(path, inner->key);
      write_title(fmt::format("[{}]", inner_path), inner->doc);
      write_section(*inner, inner_path);
    }
    for (const Tables& tables : section.tables) {
      const std::string inner_path = join(path, tables.key);
      write_title(fmt::format("[[{}]]", inner_path), tables.doc);
      ReferenceWriter element("");
      element.write_section(*tables.shape, inner_path);
      out_ += std::move(element).take();
    }
  }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void write_title(const std::string& header, std::string_view doc) {
    out_ += fmt::format("{}## `{}`\n\n", out_.empty() ? "" : "\n", header);
    if (!doc.empty()) {
      out_ += fmt::format("{}\n\n", doc);
    }
  }

  void write_field(const Field& field, const std::string& path) {
    const std::string variable = environment_name(env_prefix_, join(path, field.key));
    out_ += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.key, cell(type_of(field)), default_of(field),
                        code(variable), cell(field.doc));
    if (field.is_secret()) {
      out_ += fmt::format("| `{0}_file` | a path | | {1} | A file that holds `{0}`. |\n", field.key,
                          code(variable.empty() ? "" : variable + "_FILE"));
    }
  }

  std::string_view env_prefix_;
  std::string out_;
};

}  // namespace

std::string reference(const Binder& binder, std::string_view env_prefix) {
  binder.root().resolve_required();
  ReferenceWriter writer(env_prefix);
  writer.write_section(binder.root(), "");
  return std::move(writer).take();
}

}  // namespace mcdsl::config::internal
