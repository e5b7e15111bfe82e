#pragma once

#include <exception>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// What an exception is to the outside: its own error where the code is unavailable, resource_exhausted or
/// deadline_exceeded, which a client can act on; else `internal`, with what it says for the log.
[[nodiscard]] Error error_of(const std::exception_ptr& exception);

/// The answer to a request whose handling threw: that error's. It goes along in `Response::error`, from where the
/// access log writes it.
[[nodiscard]] Response response_to(const std::exception_ptr& exception) noexcept;

/// Makes an exception the response above, for middlewares that want to see a response whatever happens further in.
/// A Router and a Pipeline do the same at their own edge.
[[nodiscard]] Middleware recover();

}  // namespace mcdsl::http
