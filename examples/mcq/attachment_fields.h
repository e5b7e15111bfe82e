#pragma once

#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/http/headers.h"

namespace mcq {

/// A name has 1 to 200 bytes of UTF-8 without '/', control characters or a dot in front. Errors: invalid_argument.
[[nodiscard]] mcdsl::Result<void> check_attachment_name(std::string_view name);

/// Whether a text is a media type with its parameters (RFC 9110 §8.3.1), of at most 200 bytes. Quoted values must not
/// hold escapes, which no registered type needs.
[[nodiscard]] bool is_content_type(std::string_view text) noexcept;

/// The request's Content-Type where there is one and it is sound; else "application/octet-stream".
[[nodiscard]] std::string content_type_of(const mcdsl::http::Headers& headers);

/// A Content-Disposition that has the browser save the file and not show it (RFC 6266 §4): names outside plain ASCII go
/// encoded (RFC 8187 §3.2), beside one for clients that cannot read that.
[[nodiscard]] std::string content_disposition(std::string_view name);

}  // namespace mcq
