#pragma once

#include <functional>

#include "mcdsl/health/registry.h"
#include "mcdsl/http/router.h"

namespace mcdsl::health {

/// Whether the sender of a request may see which check failed and why.
using MaySeeDetail = std::function<bool(const http::Request&)>;

/// Adds the REST face of a registry:
///   GET /livez      200 while the process answers at all; looks at no dependency
///   GET /readyz     200 while it is serving, else 503
///   GET /v1/health  the same, and with detail for those who may see it
/// The body is `{"status":"ok"}`, or "unavailable" or "draining" in place of "ok".
/// Lifetime: the registry outlives the router.
void add_routes(http::Router& router, const Registry& registry, MaySeeDetail may_see_detail = {});

}  // namespace mcdsl::health
