#pragma once

#include <string_view>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// The media type of a Content-Type value without its parameters (RFC 9110 §8.3.1): "application/json" of
/// "application/json; charset=utf-8". As it was written; types compare without case.
[[nodiscard]] std::string_view media_type(std::string_view content_type) noexcept;

/// Answers 415 to a request that has a body whose Content-Type is not `application/json` (parameters allowed), or a
/// Content-Type that contradicts it. A request without both passes: whether a body is needed is the handler's to say.
/// A form on a foreign page cannot send this type without a CORS preflight.
[[nodiscard]] Middleware require_json();

}  // namespace mcdsl::http
