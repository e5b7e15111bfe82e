#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/csrf/origin.h"
#include "mcdsl/http/request.h"

namespace mcdsl::web::internal {

/// Whether a text is a path of our own origin, whoever reads it: a browser (which takes '\' for '/', drops tabs and
/// newlines and reads "//host" as another origin), a proxy that decodes escapes, another parser than WHATWG's. Stricter
/// than it has to be for each alone: '/' and visible ASCII, no empty or dot segment in the path, no escape of a control
/// character, slash or backslash in it, 2048 bytes at most.
[[nodiscard]] bool is_own_path(std::string_view text);

/// The path to go to after login: `wanted` where it is one of our own and none of the login's, else "/".
[[nodiscard]] std::string safe_return_to(std::string_view wanted);

/// The same for `return_to` in a query; doubled it counts as missing.
[[nodiscard]] std::string return_to_of_query(std::string_view query);

/// Where a request that must log in first wants to return to: what it asked for, where it only looks; for htmx, the
/// page that asked.
[[nodiscard]] std::string return_to_of(const http::Request& request, const csrf::Origin& own);

}  // namespace mcdsl::web::internal
