#pragma once

#include "mcdsl/web/assets.h"

namespace mcdsl::web {

/// htmx 2 (https://htmx.org) as the asset "htmx.js": `{{asset htmx.js}}` in a template is its URL. Without any file
/// where the library was built without it, as CMake then said: templates that name it are refused.
[[nodiscard]] AssetSource htmx() noexcept;

}  // namespace mcdsl::web
