#pragma once

#include "documents.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/service/service.h"

namespace mcq {

/// The REST API under /v1: login and logout, and the documents. Any role reads; `user`, `admin` and system accounts
/// push; only an administrator or who pushed a document deletes or replaces it.
void add_routes(mcdsl::Service& service, const mcdsl::auth::Authenticator& authenticator, const Documents& documents);

}  // namespace mcq
