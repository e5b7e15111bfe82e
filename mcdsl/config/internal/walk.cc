#include "mcdsl/config/internal/walk.h"

#include <fmt/format.h>

namespace mcdsl::config::internal {

void walk(Section& section, const std::string& path,
          const std::function<void(Section& section, const std::string& path)>& visit) {
  visit(section, path);
  for (const auto& inner : section.sections) {
    walk(*inner, join(path, inner->key), visit);
  }
  for (const Tables& array : section.tables) {
    std::size_t index = 0;
    for (const Binder& element : array.elements()) {
      element.root().resolve_required();
      walk(element.root(), fmt::format("{}[{}]", join(path, array.key), index++), visit);
    }
  }
}

void walk_sections(Section& section, const std::string& path,
                   const std::function<void(Section& section, const std::string& path)>& visit) {
  visit(section, path);
  for (const auto& inner : section.sections) {
    walk_sections(*inner, join(path, inner->key), visit);
  }
}

}  // namespace mcdsl::config::internal
