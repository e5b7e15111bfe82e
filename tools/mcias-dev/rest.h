#pragma once

#include "mcdsl/http/router.h"
#include "tools/mcias-dev/identity.h"

namespace mcias {

/// The REST calls of MCIAS but its health and SSO pages; the paths and fields are those of mcdsl/auth/protocol.h.
/// Their errors carry the machine word that the protocol wants: `{"error": "text", "code": "unauthenticated"}`.
/// Lifetime: the identity outlives the router.
void add_routes(mcdsl::http::Router& router, Identity& identity);

/// Adds the machine word to errors that have none yet: the code's name where the error has a code, else the status's
/// ("unsupported_media_type").
[[nodiscard]] mcdsl::http::Middleware error_words();

}  // namespace mcias
