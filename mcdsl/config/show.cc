#include <fmt/format.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/schema.h"
#include "mcdsl/config/internal/text.h"

namespace mcdsl::config::internal {
namespace {

constexpr std::size_t kMaxOriginBytes = 1000;  // a path may have 4096 bytes, and control characters

class Shower {
 public:
  explicit Shower(const Origins* origins) : origins_(origins) {}

  /// `header` is the path as TOML writes it, without the indices that `path` has.
  void show_section(const Section& section, const std::string& path, const std::string& header) {
    for (const Field& field : section.fields) {
      show_field(field, join(path, field.key));
    }
    for (const Tables& tables : section.tables) {
      if (tables.elements().empty()) {
        out_ += tables.key + " = []\n";
      }
    }
    for (const auto& inner : section.sections) {
      const std::string inner_header = join(header, inner->key);
      out_ += fmt::format("\n[{}]\n", inner_header);
      show_section(*inner, join(path, inner->key), inner_header);
    }
    for (const Tables& tables : section.tables) {
      show_tables(tables, join(path, tables.key), join(header, tables.key));
    }
  }

  [[nodiscard]] std::string take() && {
    out_.erase(0, out_.find_first_not_of('\n'));
    return std::move(out_);
  }

 private:
  void show_tables(const Tables& tables, const std::string& path, const std::string& header) {
    std::size_t index = 0;
    for (const Binder& element : tables.elements()) {
      out_ += fmt::format("\n[[{}]]\n", header);
      show_section(element.root(), fmt::format("{}[{}]", path, index++), header);
    }
  }

  void show_field(const Field& field, const std::string& path) {
    const bool is_masked = field.is_secret() && !is_empty(field);
    out_ += fmt::format("{}{} = {}", is_masked ? "#" : "", field.key, toml_value(field));
    if (origins_ != nullptr) {
      const auto origin = origins_->find(path);
      out_ += "  # " + (origin == origins_->end() ? "default" : printable(origin->second, kMaxOriginBytes));
    }
    out_ += '\n';
  }

  const Origins* origins_;
  std::string out_;
};

}  // namespace

std::string show(const Binder& binder, const Origins* origins) {
  Shower shower(origins);
  shower.show_section(binder.root(), "", "");
  return std::move(shower).take();
}

}  // namespace mcdsl::config::internal
