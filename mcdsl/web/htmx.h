#pragma once

#include "mcdsl/web/assets.h"

namespace mcdsl::web {

/// htmx 2 (https://htmx.org) as the asset "htmx.js": `{{asset htmx.js}}` in a template is its URL. The file
/// does nothing where the library was built without htmx, as CMake then said; every page works without it.
[[nodiscard]] AssetSource htmx() noexcept;

}  // namespace mcdsl::web
