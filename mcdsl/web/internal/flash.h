#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/web/internal/sealer.h"
#include "mcdsl/web/site.h"

namespace mcdsl::web::internal {

/// The value of the cookie that takes a flash message to the next page.
[[nodiscard]] std::string seal_flash(const Sealer& sealer, const Flash& flash, Clock::WallTime now);

/// nullopt for what was not sealed here or is older than a minute.
[[nodiscard]] std::optional<Flash> open_flash(const Sealer& sealer, std::string_view value, Clock::WallTime now);

}  // namespace mcdsl::web::internal
