#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "mcdsl/base/function_ref.h"
#include "mcdsl/web/internal/program.h"
#include "mcdsl/web/internal/template_text.h"

namespace mcdsl::web::internal {

/// Templates by name.
using Library = std::map<std::string, ParsedTemplate, std::less<>>;

/// The URL of an asset; null where there is no such asset.
using AssetUrl = FunctionRef<const std::string*(std::string_view)>;

/// Puts a template together with its layout and all that it includes, and decides how each value is escaped.
/// Throws Exception (failed_precondition) with file and line: what has no place, what does not exist, what includes
/// itself.
[[nodiscard]] Program compile(const Library& library, std::string_view name, AssetUrl asset_url);

}  // namespace mcdsl::web::internal
