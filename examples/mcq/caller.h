#pragma once

#include "documents.h"
#include "mcdsl/auth/access.h"
#include "mcdsl/auth/caller.h"

namespace mcq {

/// Who may push at all: `user` and `admin` roles, and system accounts.
inline mcdsl::auth::Access pushers() {
  using mcdsl::auth::Access;
  return Access::any_of({Access::user(), Access::system()});
}

/// A caller as documents see them.
inline Editor editor_of(const mcdsl::auth::Caller& caller) {
  return {.username = caller.username, .is_admin = caller.is_admin()};
}

}  // namespace mcq
