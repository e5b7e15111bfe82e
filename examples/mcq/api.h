#pragma once

#include "attachments.h"
#include "documents.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/service/service.h"

namespace mcq {

/// The REST API under /v1: login and logout, the documents and their attachments. Any role reads; `user`, `admin` and
/// system accounts push; only an administrator or who pushed a document deletes or replaces it and its attachments.
/// Lifetime: everything given outlives the service's requests.
void add_routes(mcdsl::Service& service, const mcdsl::auth::Authenticator& authenticator, const Documents& documents,
                const Attachments& attachments);

}  // namespace mcq
