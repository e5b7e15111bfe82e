#include "mcdsl/service/internal/admin.h"

#include <string>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/net/address.h"

namespace mcdsl::internal {

config::Server admin_section(const config::Server& server) {
  config::Server admin = server;
  admin.listen_addr = server.admin_addr;
  if (value_or_throw(net::parse_address(server.admin_addr)).is_loopback()) {
    admin.tls = config::Tls::off;
  } else if (server.tls != config::Tls::on) {
    throw Exception(Code::failed_precondition,
                    "server.admin_addr: \"" + printable(server.admin_addr) +
                        "\" is reachable from other machines, which takes server.tls = \"on\": use a loopback address "
                        "or a Unix socket");
  }
  admin.proxy_protocol = false;  // it is the operator's own
  admin.loops = 1;
  admin.max_connections = 64;
  admin.max_handler_threads = 4;
  admin.shutdown_timeout = std::chrono::seconds(1);  // nobody waits for a scrape when the service has stopped
  return admin;
}

void add_build_info(metrics::Registry& registry, std::string_view service, std::string_view version) {
  registry
      .gauge("service_build_info", "The service that runs, and its version; always 1.",
             {{"service", std::string(service)}, {"version", std::string(version)}})
      .set(1);
}

void add_server_metrics(metrics::Registry& registry, std::weak_ptr<const httpserver::Server> server) {
  registry.add_source([server = std::move(server)](metrics::Samples& samples) {
    const auto alive = server.lock();
    if (!alive) {
      return;
    }
    const net::ServerStats stats = alive->stats();
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
      samples.counter(name, help, static_cast<double>(value));
    };
    counter("server_connections_accepted_total", "Connections that were accepted.", stats.accepted);
    samples.gauge("server_connections_open", "Connections that are open.", static_cast<double>(stats.open));
    counter("server_requests_total", "Requests that were handed to the application.", stats.requests);
    counter("server_loop_handovers_total", "Event loops that changed their thread because a handler blocked.",
            stats.handovers);
    counter("server_requests_malformed_total", "Requests that are no HTTP, answered with 4xx or 5xx at once.",
            stats.malformed);
    for (std::size_t i = 0; i < net::kLimits; ++i) {
      const auto limit = static_cast<net::Limit>(i);
      samples.counter("server_limits_reached_total",
                      "Connections and requests that reached a limit, by its key in [server].",
                      static_cast<double>(stats.at(limit)), {{"limit", std::string(net::name(limit))}});
    }
  });
}

}  // namespace mcdsl::internal
