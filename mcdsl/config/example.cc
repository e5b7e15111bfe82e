#include <fmt/format.h>

#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/schema.h"
#include "mcdsl/config/internal/text.h"

namespace mcdsl::config::internal {
namespace {

enum class Use : std::uint8_t { settings, comments };

/// Sentences are comments ("# Where …"), settings that may stay as they are too, but without the space ("#tls = …").
class ExampleWriter {
 public:
  void write_section(const Section& section, const std::string& header, Use use) {
    for (const Field& field : section.fields) {
      write_field(field, use);
    }
    for (const auto& inner : section.sections) {
      const std::string inner_header = join(header, inner->key);
      write_header(inner->doc, fmt::format("[{}]", inner_header), use);
      write_section(*inner, inner_header, use);
    }
    for (const Tables& tables : section.tables) {
      const std::string inner_header = join(header, tables.key);
      write_header(tables.doc, fmt::format("[[{}]]", inner_header), Use::comments);
      write_section(*tables.shape, inner_header, Use::comments);
    }
  }

  [[nodiscard]] std::string take() && {
    out_.erase(0, out_.find_first_not_of('\n'));
    return std::move(out_);
  }

 private:
  void write_header(std::string_view doc, const std::string& header, Use use) {
    out_ += '\n';
    write_sentences(doc);
    out_ += (use == Use::comments ? "#" : "") + header + '\n';
  }

  void write_field(const Field& field, Use use) {
    const bool is_missing = must_be_set(field);
    out_ += '\n';
    write_sentences(field.doc);
    write_sentences(
        fmt::format("{}{}{}", is_missing ? "Required: " : "Type: ", type_of(field),
                    field.is_secret() ? fmt::format("; or a file that holds it, as {}_file", field.key) : ""));
    out_ += fmt::format("{}{} = {}\n", is_missing && use == Use::settings ? "" : "#", field.key,
                        field.is_secret() ? "\"\"" : toml_value(field));
  }

  void write_sentences(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      out_ += fmt::format("# {}\n", text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }

  std::string out_;
};

}  // namespace

std::string example(const Binder& binder) {
  binder.root().resolve_required();
  ExampleWriter writer;
  writer.write_section(binder.root(), "", Use::settings);
  return std::move(writer).take();
}

}  // namespace mcdsl::config::internal
