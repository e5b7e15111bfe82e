#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "mcdsl/base/clock.h"
#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// What tells one state of a resource from another (RFC 9110 §8.8).
struct Validators {
  std::string etag;  ///< as the ETag field holds it, quotes and all; empty where there is none
  std::optional<std::chrono::sys_seconds> last_modified{};
};

/// Holds If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since against what is there now, in the order of
/// RFC 9110 §13.2.2: nullopt where the request is to be carried out, otherwise the answer, 304 or 412. For handlers
/// that change something, before they do; `current` is nullopt where there is nothing yet.
///
///     if (auto refused = http::check_preconditions(request, http::Validators{.etag = document.etag})) {
///       return *std::move(refused);
///     }
///
/// A list of tags that cannot be read fails, but in If-None-Match with GET and HEAD, where the whole answer harms
/// nobody; a date that cannot be read counts for nothing (§13.1.4). Nothing is checked for OPTIONS (§13.2.1). Check and
/// change must be one transaction, or two writers can both pass.
[[nodiscard]] std::optional<Response> check_preconditions(const Request& request,
                                                          const std::optional<Validators>& current,
                                                          const Clock& clock = system_clock());

/// The answer to a GET or HEAD whose handler made the whole representation: 304 or 412 where a precondition says so,
/// with the fields that belong there (§15.4.5), otherwise `whole`. The validators are its ETag and Last-Modified. Any
/// answer but 200 and any other method pass as they are.
[[nodiscard]] Response with_preconditions(const Request& request, Response whole, const Clock& clock = system_clock());

/// Gives each 200 to GET and HEAD that holds its body as text an ETag, the hash of the body, where the handler set
/// none, and answers 304 to whoever has it already. It saves the transfer, not the making. Goes inside `compress`.
[[nodiscard]] Middleware conditional_requests();

}  // namespace mcdsl::http
