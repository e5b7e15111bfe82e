#pragma once

#include "documents.h"
#include "mcdsl/auth/access.h"
#include "mcdsl/http/request.h"
#include "mcdsl/httpserver/authenticate.h"

namespace mcq {

/// Who may push at all: `user` and `admin` roles, and system accounts.
inline mcdsl::auth::Access pushers() {
  using mcdsl::auth::Access;
  return Access::any_of({Access::user(), Access::system()});
}

/// Who sent the request, as documents see them.
inline Editor editor_of(const mcdsl::http::Request& request) {
  const mcdsl::auth::Caller& caller = mcdsl::httpserver::caller(request);
  return {.username = caller.username, .is_admin = caller.is_admin()};
}

}  // namespace mcq
