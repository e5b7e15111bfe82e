#pragma once

#include "mcdsl/base/clock.h"
#include "mcdsl/http/router.h"
#include "tools/mcias-dev/config.h"
#include "tools/mcias-dev/sso.h"

namespace mcias {

/// `/sso/authorize`, the login page and what becomes of it, and `POST /v1/sso/token`.
///
/// The form is covered against requests that other pages start (login CSRF): a token bound to a cookie of its own, and
/// the checks of `Sec-Fetch-Site` and `Origin`. Whatever is wrong with a request shows a page: the browser only ever
/// goes to a redirect URI that is registered. Throws Exception for a key file that cannot be used. Lifetime: Sso and
/// clock outlive the router.
void add_sso_routes(mcdsl::http::Router& router, const Sso& sso, const Config& config,
                    const mcdsl::Clock& clock = mcdsl::system_clock());

}  // namespace mcias
