#include <algorithm>

#include "mcdsl/base/time.h"
#include "mcdsl/config/config.h"
#include "mcdsl/config/internal/overloaded.h"
#include "mcdsl/config/internal/schema.h"
#include "mcdsl/config/internal/text.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::config::internal {
namespace {

/// Keywords are those of JSON Schema 2020-12, "Validation" §6 to §9.
class SchemaWriter {
 public:
  std::string write(const Section& root, std::string_view title) && {
    out_.begin_object();
    out_.field("$schema", "https://json-schema.org/draft/2020-12/schema").field("title", title);
    write_object(root);
    out_.end_object();
    return std::move(out_).take() + '\n';
  }

 private:
  /// The members of a schema object, for its caller to enclose.
  void write_object(const Section& section) {
    out_.field("type", "object");
    write_doc(section.doc);
    out_.key("properties").begin_object();
    for (const Field& field : section.fields) {
      write_field(field);
    }
    for (const auto& inner : section.sections) {
      out_.key(inner->key).begin_object();
      write_object(*inner);
      out_.end_object();
    }
    for (const Tables& tables : section.tables) {
      write_tables(tables);
    }
    out_.end_object();
    write_required(section);
    out_.field("additionalProperties", false);
  }

  void write_tables(const Tables& tables) {
    out_.key(tables.key).begin_object().field("type", "array");
    write_doc(tables.doc);
    out_.key("items").begin_object();
    write_object(*tables.shape);
    out_.end_object().end_object();
  }

  /// A secret may stand in a file of its own, so its key is not demanded here.
  static bool is_demanded(const Field& field) { return must_be_set(field) && !field.is_secret(); }

  static bool demands_something(const Section& section) {
    return std::ranges::any_of(section.fields, is_demanded) ||
           std::ranges::any_of(section.sections, [](const auto& inner) { return demands_something(*inner); });
  }

  void write_required(const Section& section) {
    if (!demands_something(section)) {
      return;
    }
    out_.key("required").begin_array();
    for (const Field& field : section.fields) {
      if (is_demanded(field)) {
        out_.value(field.key);
      }
    }
    for (const auto& inner : section.sections) {
      if (demands_something(*inner)) {
        out_.value(inner->key);
      }
    }
    out_.end_array();
  }

  void write_field(const Field& field) {
    out_.key(field.key).begin_object();
    write_doc(field.doc);
    std::visit(Overloaded{
                   [&](const BooleanTarget& t) { out_.field("type", "boolean").field("default", *t.value); },
                   [&](const IntegerTarget& t) { write_integer(t); },
                   [&](const RealTarget& t) { write_real(t); },
                   [&](const DurationTarget& t) {
                     out_.field("type", "string").field("default", format_duration(*t.value));
                     out_.field("pattern", R"(^[+-]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$)");
                   },
                   [&](const TextTarget& t) { write_text(*t.value, t.format == Format::url ? "uri" : ""); },
                   [&](const ListenTarget& t) { write_text(*t.value, ""); },
                   [&](const ListTarget& t) { write_list(*t.value); },
                   [&](const PathTarget& t) { write_text(t.value->string(), ""); },
                   [&](const SecretTarget&) { out_.field("type", "string").field("writeOnly", true); },
                   [&](const ChoiceTarget& t) { write_choice(t); },
               },
               field.target);
    out_.end_object();
    if (field.is_secret()) {
      out_.key(field.key + "_file").begin_object();
      write_doc("A file that holds " + field.key + ".");
      out_.field("type", "string").end_object();
    }
  }

  void write_integer(const IntegerTarget& target) {
    out_.field("type", "integer").field("default", target.get());
    out_.field("minimum", target.min).field("maximum", target.max);
  }

  void write_real(const RealTarget& target) {
    out_.field("type", "number").field("default", *target.value);
    out_.field("minimum", target.min).field("maximum", target.max);
  }

  void write_text(const std::string& value, std::string_view format) {
    out_.field("type", "string");
    if (!value.empty()) {
      out_.field("default", value);
    }
    if (!format.empty()) {
      out_.field("format", format);
    }
  }

  void write_list(const std::vector<std::string>& values) {
    out_.field("type", "array").key("items").begin_object().field("type", "string").end_object();
    write_texts("default", values);
  }

  void write_choice(const ChoiceTarget& target) {
    write_texts("enum", target.words);
    out_.field("default", target.words.at(target.get()));
  }

  void write_texts(std::string_view key, const std::vector<std::string>& texts) {
    out_.key(key).begin_array();
    for (const std::string& text : texts) {
      out_.value(text);
    }
    out_.end_array();
  }

  void write_doc(std::string_view doc) {
    if (!doc.empty()) {
      out_.field("description", doc);
    }
  }

  json::Writer out_;
};

}  // namespace

std::string json_schema(const Binder& binder, std::string_view title) {
  binder.root().resolve_required();
  return SchemaWriter().write(binder.root(), title);
}

}  // namespace mcdsl::config::internal
