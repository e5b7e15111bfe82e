#include "mcdsl/config/binder.h"

#include "mcdsl/base/error.h"
#include "mcdsl/config/internal/schema.h"

namespace mcdsl::config {
namespace {

using internal::Field;
using internal::Section;

bool is_bare_key(std::string_view key) {
  const auto is_bare = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !key.empty() && std::ranges::all_of(key, is_bare);
}

/// The keys a section answers to: those of its secrets count twice, for the file that may hold them.
bool answers_to(Section& section, std::string_view key) {
  if (section.find_field(key) != nullptr || section.find_section(key) != nullptr ||
      section.find_tables(key) != nullptr) {
    return true;
  }
  return std::ranges::any_of(section.fields, [key](const Field& f) { return f.is_secret() && f.key + "_file" == key; });
}

void demand_new_key(Section& section, std::string_view key) {
  if (!is_bare_key(key)) {
    throw Exception(Code::internal, "config: \"" + std::string(key) + "\" is not a bare key in lower case");
  }
  if (answers_to(section, key)) {
    throw Exception(Code::internal, "config: the key \"" + std::string(key) + "\" is bound twice");
  }
}

void add(Section& section, std::string_view key, std::string_view doc, internal::Target target) {
  demand_new_key(section, key);
  section.fields.push_back({.key = std::string(key), .doc = std::string(doc), .target = std::move(target)});
}

}  // namespace

Binder::Binder() : section_(std::make_shared<Section>()) {}

void Binder::field(std::string_view key, bool& value, Documented options) {
  add(*section_, key, options.doc, internal::BooleanTarget{&value});
}

void Binder::field(std::string_view key, double& value, Bounded<double> options) {
  using Limits = std::numeric_limits<double>;
  add(*section_, key, options.doc,
      internal::RealTarget{&value, options.min.value_or(Limits::lowest()), options.max.value_or(Limits::max())});
}

void Binder::field(std::string_view key, std::chrono::nanoseconds& value, Bounded<std::chrono::nanoseconds> options) {
  using std::chrono::nanoseconds;
  add(*section_, key, options.doc,
      internal::DurationTarget{&value, options.min.value_or(nanoseconds(0)), options.max.value_or(nanoseconds::max())});
}

void Binder::field(std::string_view key, std::string& value, Text options) {
  add(*section_, key, options.doc, internal::TextTarget{&value, options.format});
}

void Binder::field(std::string_view key, std::vector<std::string>& value, Text options) {
  add(*section_, key, options.doc, internal::ListTarget{&value, options.format});
}

void Binder::field(std::string_view key, std::filesystem::path& value, Documented options) {
  add(*section_, key, options.doc, internal::PathTarget{&value});
}

void Binder::field(std::string_view key, Secret& value, Documented options) {
  demand_new_key(*section_, std::string(key) + "_file");
  add(*section_, key, options.doc, internal::SecretTarget{&value});
}

void Binder::listen_address(std::string_view key, std::string& value, ListenAddress options) {
  add(*section_, key, options.doc,
      internal::ListenTarget{&value, std::string(options.port_variable), std::string(options.host_like)});
}

void Binder::add_integer(std::string_view key, std::string_view doc, std::int64_t min, std::int64_t max,
                         std::function<std::int64_t()> get, std::function<void(std::int64_t)> set) {
  add(*section_, key, doc, internal::IntegerTarget{min, max, std::move(get), std::move(set)});
}

void Binder::add_choice(std::string_view key, std::string_view doc, std::vector<std::string> words,
                        std::function<std::size_t()> get, std::function<void(std::size_t)> set) {
  add(*section_, key, doc, internal::ChoiceTarget{std::move(words), std::move(get), std::move(set)});
}

Binder Binder::open(std::string_view key, std::string_view doc) {
  demand_new_key(*section_, key);
  section_->sections.push_back(std::make_shared<Section>(Section{.key = std::string(key), .doc = std::string(doc)}));
  return Binder(section_->sections.back());
}

void Binder::add_tables(std::string_view key, std::string_view doc, std::shared_ptr<void> prototype,
                        const Binder& shape, std::function<void(std::size_t)> resize,
                        std::function<std::vector<Binder>()> elements) {
  demand_new_key(*section_, key);
  section_->tables.push_back({.key = std::string(key),
                              .doc = std::string(doc),
                              .prototype = std::move(prototype),
                              .shape = shape.section_,
                              .resize = std::move(resize),
                              .elements = std::move(elements)});
}

void Binder::require(std::string_view path) {
  section_->required.emplace_back(path);
}

void Binder::check(std::function<void(const Refuse& refuse)> rule) {
  section_->checks.push_back(std::move(rule));
}

}  // namespace mcdsl::config
