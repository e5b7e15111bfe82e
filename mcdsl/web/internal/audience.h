#pragma once

#include <cstdint>

#include "mcdsl/http/request.h"

namespace mcdsl::web::internal {

/// Who reads the answer, and so what a refusal has to look like.
enum class Audience : std::uint8_t {
  person,   ///< a browser that shows a page
  htmx,     ///< a script that puts a part into one
  program,  ///< anything else: JSON
};

[[nodiscard]] Audience audience_of(const http::Request& request) noexcept;

}  // namespace mcdsl::web::internal
