#pragma once

#include <exception>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// The answer to a request whose handling threw: the status of the exception's code where that is unavailable,
/// resource_exhausted or deadline_exceeded, else 500 "internal error". The exception goes along in `Response::error`,
/// from where the access log writes it.
[[nodiscard]] Response response_to(const std::exception_ptr& exception) noexcept;

/// Makes an exception the response above, for middlewares that want to see a response whatever happens further in.
/// A Router and a Pipeline do the same at their own edge.
[[nodiscard]] Middleware recover();

}  // namespace mcdsl::http
