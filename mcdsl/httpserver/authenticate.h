#pragma once

#include "mcdsl/auth/access.h"
#include "mcdsl/auth/caller.h"
#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/http/application.h"

namespace mcdsl::httpserver {

/// Lets through who the rule admits, by the bearer token of the request (RFC 6750 §2.1). The handler finds the caller
/// with `caller`, the access log names them.
///
/// Answers: 401 without a valid token where the rule needs one, 403 where the rule says no, 503 where the identity
/// service could not tell: no answer means no access. A rule that is `open` looks at no token.
/// Lifetime: `verifier` outlives the middleware.
[[nodiscard]] http::Middleware require(const auth::TokenVerifier& verifier, auth::Access access);

/// Who sent the request. Throws Exception (internal) behind no `require` or behind an open one: a mistake in the
/// routes.
[[nodiscard]] const auth::Caller& caller(const http::Request& request);

}  // namespace mcdsl::httpserver
