#pragma once

#include <memory>
#include <string_view>

#include "mcdsl/config/standard.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/metrics/registry.h"

namespace mcdsl::internal {

/// The `[server]` section as the admin listener has it: plain on this machine, TLS with the service's pair elsewhere,
/// one event loop, few connections. Throws Exception (failed_precondition) where others could reach it without TLS.
[[nodiscard]] config::Server admin_section(const config::Server& server);

/// `service_build_info{service,version} 1`, so that a graph can tell when a version came.
void add_build_info(metrics::Registry& registry, std::string_view service, std::string_view version);

/// What the server counts, for as long as it is there.
void add_server_metrics(metrics::Registry& registry, std::weak_ptr<const httpserver::Server> server);

}  // namespace mcdsl::internal
