#pragma once

#include "attachments.h"
#include "mcdsl/http/router.h"
#include "mcdsl/service/service.h"

namespace mcq {

/// Adds the routes of attachments below a router for "/v1/documents": who reads documents reads them, who may change a
/// document may change its own. Lifetime: `attachments` outlives the router.
void add_attachment_routes(mcdsl::http::Router& documents, const mcdsl::Service& service,
                           const Attachments& attachments);

}  // namespace mcq
