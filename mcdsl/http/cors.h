#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "mcdsl/http/application.h"
#include "mcdsl/http/method.h"

namespace mcdsl::http {

struct CorsOptions {
  /// As browsers send them: "https://app.example.org", "http://localhost:5173". {"*"} is every origin, and none may
  /// send credentials then.
  std::vector<std::string> origins{};
  bool credentials = false;  ///< cookies, client certificates and `Authorization` from a browser's own store
  std::vector<Method> methods{Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_};
  std::vector<std::string> headers{"authorization", "content-type"};  ///< those of a request, beyond the safe ones
  std::vector<std::string> exposed_headers{};                         ///< those of a response that a script may read
  std::chrono::seconds max_age{600};  ///< how long a browser may remember the answer to its preflight
};

/// Lets scripts of other origins read what the service answers (Fetch standard §3.2). It answers preflight requests
/// itself, so it stands around a whole application, in a Pipeline. An origin that is not in the list, compared byte for
/// byte, gets no such header, and the browser keeps the answer from its script; the request itself is still handled:
/// this loosens a rule of browsers and guards nothing.
///
/// Throws Exception (internal) for an origin that no browser sends, "null" (any sandboxed page has that origin), "*"
/// beside others or with credentials, and a header name that is not a token.
[[nodiscard]] Middleware cors(CorsOptions options);

}  // namespace mcdsl::http
