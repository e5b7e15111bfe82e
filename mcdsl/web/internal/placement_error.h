#pragma once

#include <cstddef>
#include <string>

namespace mcdsl::web::internal {

/// Why a template cannot be taken, and where: thrown within the compiler, which knows the line.
struct PlacementError {
  std::size_t offset;  ///< into the text that was being read
  std::string what;
};

}  // namespace mcdsl::web::internal
