#include "mcdsl/config/internal/schema.h"

#include <algorithm>

#include "mcdsl/base/error.h"

namespace mcdsl::config::internal {
namespace {

template <class Range, class Key>
auto find_by_key(Range& range, const Key& key_of, std::string_view name) {
  return std::ranges::find(range, name, key_of);
}

Field* find_path(Section& section, std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    return section.find_field(path);
  }
  Section* inner = section.find_section(path.substr(0, dot));
  return inner == nullptr ? nullptr : find_path(*inner, path.substr(dot + 1));
}

char upper(char c) {
  if (c == '.' || c == '-') {
    return '_';
  }
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

Field* Section::find_field(std::string_view name) {
  const auto found = find_by_key(fields, &Field::key, name);
  return found == fields.end() ? nullptr : &*found;
}

Section* Section::find_section(std::string_view name) {
  const auto found = find_by_key(sections, [](const auto& s) -> const std::string& { return s->key; }, name);
  return found == sections.end() ? nullptr : found->get();
}

Tables* Section::find_tables(std::string_view name) {
  const auto found = find_by_key(tables, &Tables::key, name);
  return found == tables.end() ? nullptr : &*found;
}

void Section::resolve_required() {
  for (const std::string& path : required) {
    Field* field = find_path(*this, path);
    if (field == nullptr) {
      throw Exception(Code::internal, "config: require(\"" + path + "\"): no such field is bound");
    }
    field->required = true;
  }
  for (const auto& section : sections) {
    section->resolve_required();
  }
  for (const Tables& array : tables) {
    array.shape->resolve_required();
  }
}

std::string join(std::string_view path, std::string_view key) {
  std::string joined(path);
  if (!path.empty() && !key.empty()) {
    joined += '.';
  }
  return joined += key;
}

std::string environment_name(std::string_view prefix, std::string_view path) {
  if (prefix.empty()) {
    return {};
  }
  std::string name(prefix);
  name += '_';
  std::ranges::transform(path, std::back_inserter(name), upper);
  return name;
}

}  // namespace mcdsl::config::internal
