#pragma once

#include <string>

#include "mcdsl/base/result.h"
#include "mcdsl/grpcserver/internal/wire.h"
#include "mcdsl/http/response.h"

namespace mcdsl::grpcserver {

// How each protocol says how a call ended. `trailers` is the metadata that the handler left for the end.

/// Ends a call whose answer is a whole response: status, headers, body and trailers. `response` has the metadata of its
/// head, and its body where the call went well.
void finish(WireType type, const Result<void>& result, const http::Headers& trailers, http::Response& response);

/// What ends a stream whose head has left, behind its last message; may set the response's trailers.
[[nodiscard]] std::string end_of_stream(WireType type, const Result<void>& result, const http::Headers& trailers,
                                        http::Response& response);

/// The standard headers of an API's answers, for REST.
void put_api_headers(http::Headers& into);

/// What answers a call whose time is over while its handler still runs, before anything of the answer has left.
[[nodiscard]] http::Response (*timed_out(WireType type))();

}  // namespace mcdsl::grpcserver
