#pragma once

#include <functional>
#include <string>

#include "mcdsl/config/internal/schema.h"

namespace mcdsl::config::internal {

/// Visits a section and all below it in the order of `bind`, elements of arrays ("policy[0]") included.
void walk(Section& section, const std::string& path,
          const std::function<void(Section& section, const std::string& path)>& visit);

/// The same without arrays: what the environment can reach.
void walk_sections(Section& section, const std::string& path,
                   const std::function<void(Section& section, const std::string& path)>& visit);

}  // namespace mcdsl::config::internal
