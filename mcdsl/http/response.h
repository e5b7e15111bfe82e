#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"
#include "mcdsl/http/body.h"
#include "mcdsl/http/headers.h"

namespace mcdsl::http {

/// The answer to one request. The server adds `date`, `content-length` and what the protocol needs; a handler sets the
/// rest.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;  ///< in answer to HEAD the protocol sends its length only (RFC 9110 §9.3.2)
  // In place of `body`, for what is too large to be held:
  std::optional<FileBody> file{};
  std::optional<StreamBody> stream{};

  Headers trailers{};  ///< behind the body: in HTTP/2, and in HTTP/1.1 behind one whose length is not known

  /// Why this is not the answer the client hoped for: for the log, never sent. Null where all went well.
  std::shared_ptr<const Error> error;

  /// The same response with a header more: `return text("made").with_status(201).with_header("location", url);`
  [[nodiscard]] Response with_header(std::string_view name, std::string_view value) &&;
  [[nodiscard]] Response with_status(int new_status) &&;
};

/// 200 with `text/plain; charset=utf-8`.
[[nodiscard]] Response text(std::string body);

/// 200 with `text/html; charset=utf-8`.
[[nodiscard]] Response html(std::string body);

/// 200 with `application/json`. `body` is a JSON document, as `json::Writer` makes it.
[[nodiscard]] Response json(std::string body);

/// 200 with a body that `produce` writes while it leaves.
[[nodiscard]] Response stream(std::string_view content_type, std::function<Result<void>(BodyWriter&)> produce);

/// 204.
[[nodiscard]] Response no_content();

/// `{"error": "..."}` with the status and public text of the error, which goes along for the log.
/// unauthenticated carries `WWW-Authenticate: Bearer` (RFC 6750 §3); unavailable and resource_exhausted `Retry-After:
/// 1`.
[[nodiscard]] Response error(Error error);

/// The same for a status that no code stands for (405, 413, 414, 415, 431).
[[nodiscard]] Response error(int status, std::string_view public_text);

/// "Not Found" for 404 (RFC 9110 §15); "Unknown" for a number nobody registered.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace mcdsl::http
