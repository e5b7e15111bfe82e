#pragma once

#include "mcdsl/auth/authenticator.h"
#include "mcdsl/http/router.h"

namespace mcdsl::httpserver {

/// Adds the two calls by which a client of the service logs in and out at MCIAS through it:
///   POST /v1/auth/login   {username, password, totp_code?}  200 {token, expires_at}; 401, 403 (policy), 429, 503
///   POST /v1/auth/logout  bearer token                      204: the token is revoked; 401, 503
/// Nothing of them is ever cached or logged. Lifetime: the authenticator outlives the router.
void add_login_routes(http::Router& router, const auth::Authenticator& authenticator);

}  // namespace mcdsl::httpserver
