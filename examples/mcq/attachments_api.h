#pragma once

#include "attachments.h"
#include "mcdsl/http/response.h"
#include "mcdsl/service/service.h"

namespace mcq {

/// Adds the routes of attachments below "/v1/documents/{slug}", which stream and so are written by hand: who reads
/// documents reads them, who may change a document may change its own. Lifetime: `attachments` outlives the service.
void add_attachment_routes(mcdsl::Service& service, const Attachments& attachments);

/// The answer that has a browser save the file: its type, its SHA-256 as ETag, and its bytes.
[[nodiscard]] mcdsl::http::Response file_response(OpenAttachment opened);

}  // namespace mcq
