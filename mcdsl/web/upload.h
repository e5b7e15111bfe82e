#pragma once

#include "mcdsl/base/result.h"
#include "mcdsl/http/multipart.h"
#include "mcdsl/http/request.h"

namespace mcdsl::web {

/// The form of a route of a Site that streams its body (RouteOptions::stream_body): files that are too large to hold.
///
/// A script sends the csrf token as `X-CSRF-Token`, and the body waits behind it. A form without a script cannot: there
/// the field `csrf_token` is the first of the form, and this function reads it, checks it, and returns the form at the
/// part behind it. Until then the body gives nothing but an error.
///
///     pages.post("/upload", [&](http::Request& request) -> Result<http::Response> {
///       auto form = web::open_form(request);
///       if (!form) return fail(form.error());
///       ...
///     }, {.max_body_bytes = 1 << 30, .stream_body = true});
///
/// Errors: permission_denied where the first field is another or the token is refused; MultipartReader's.
/// Lifetime: the request outlives the reader.
[[nodiscard]] Result<http::MultipartReader> open_form(http::Request& request);

}  // namespace mcdsl::web
