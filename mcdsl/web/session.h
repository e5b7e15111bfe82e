#pragma once

#include <memory>
#include <string>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/secret.h"
#include "mcdsl/http/request.h"

namespace mcdsl::web {

/// A person who is logged in: what their cookie holds, confirmed by the identity service for this request.
struct Session {
  std::string id;  ///< random; new at each login and whenever the roles change
  std::shared_ptr<const auth::Caller> caller;
  Secret token;  ///< to call another service in this person's name
  Clock::WallTime logged_in_at;
};

/// Who is logged in. Throws Exception (internal) on a route without Site::require_login: a mistake in the routes.
[[nodiscard]] const Session& session(const http::Request& request);

/// The same where nobody has to be; null then.
[[nodiscard]] const Session* find_session(const http::Request& request) noexcept;

}  // namespace mcdsl::web
