#pragma once

#include "mcdsl/http/application.h"
#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"

namespace mcdsl::grpcserver {

// The text form of gRPC-Web (gRPC, PROTOCOL-WEB.md), for browsers' XMLHttpRequest, which cannot read bytes while they
// come: the same bodies in base64, an answer that streams in several pieces with padding of their own.

/// Whether a call comes in it, by its content-type.
[[nodiscard]] bool is_web_text(const http::Request& request) noexcept;

/// Changes the plan of the binary form: the body may be longer, and is taken whole, since a browser sends one message.
void plan_web_text(http::BodyPlan& plan);

/// Makes the body of a call binary. A body that is no base64 leaves a refusal in the request.
void unpack_web_text(http::Request& request);

/// Makes text of an answer of the binary form, also of one that streams. Any other answer stays as it is.
void pack_web_text(http::Response& response);

}  // namespace mcdsl::grpcserver
