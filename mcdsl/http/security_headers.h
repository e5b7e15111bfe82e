#pragma once

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// Puts on each response what keeps a browser from making more of an API's answer than it is: `X-Content-Type-Options:
/// nosniff`, `Cache-Control: no-store` and a Content-Security-Policy under which it loads nothing and is framed by
/// nobody. A header that the handler has set stays: a page brings its own policy.
[[nodiscard]] Middleware security_headers();

}  // namespace mcdsl::http
