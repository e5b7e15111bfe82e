#include "mcdsl/httpserver/server.h"

#include <string>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/http/access_log.h"
#include "mcdsl/http/client_address.h"
#include "mcdsl/http/cors.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/http/request_metrics.h"
#include "mcdsl/http/security_headers.h"
#include "mcdsl/http/trace_context.h"

namespace mcdsl::httpserver {

http::TrustedProxies trusted_proxies(const config::Server& config) {
  http::TrustedProxies proxies{.blocks = {}, .unix_peers = config.tls == config::Tls::proxy};
  for (const std::string& text : config.trusted_proxies) {
    const auto block = http::Cidr::parse(text);
    if (!block) {
      throw Exception(Code::invalid_argument,
                      "server.trusted_proxies: \"" + printable(text) + "\" is not an address or a block of them");
    }
    proxies.blocks.push_back(*block);
  }
  return proxies;
}

namespace {

net::ServerOptions options_from(const config::Server& config) {
  return {.max_header_bytes = static_cast<std::size_t>(config.max_header_bytes),
          .max_header_fields = static_cast<std::size_t>(config.max_header_fields),
          .max_body_bytes = static_cast<std::size_t>(config.max_body_bytes),
          .max_streams = static_cast<std::size_t>(config.max_streams),
          .max_connections = static_cast<std::size_t>(config.max_connections),
          .header_timeout = config.header_timeout,
          .read_timeout = config.read_timeout,
          .write_timeout = config.write_timeout,
          .idle_timeout = config.idle_timeout,
          .handler_timeout = config.handler_timeout,
          .shutdown_timeout = config.shutdown_timeout,
          .loops = static_cast<unsigned>(config.loops),
          .max_handler_threads = static_cast<unsigned>(config.max_handler_threads),
          .proxy_protocol_from = config.proxy_protocol ? trusted_proxies(config) : http::TrustedProxies{}};
}

std::unique_ptr<net::CertificateStore> load_certificates(const config::Server& config, const log::Logger& logger,
                                                         const Clock& clock) {
  if (config.tls != config::Tls::on) {
    return nullptr;
  }
  auto store =
      std::make_unique<net::CertificateStore>(config.tls_cert, config.tls_key, logger, clock, config.public_names);
  store->log_findings();
  store->watch();
  return store;
}

// Scripts of other sites, for routes and for calls by Connect and gRPC-Web alike, whose fields these are.
http::Middleware cors(const config::Server& config) {
  try {
    return http::cors({.origins = config.cors_origins,
                       .headers = {"authorization", "content-type", "connect-protocol-version", "connect-timeout-ms",
                                   "grpc-timeout", "x-grpc-web", "x-user-agent", "x-request-id"},
                       .exposed_headers = {"grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"}});
  } catch (const Exception& exception) {
    throw Exception(Code::invalid_argument, "server.cors_origins: " + exception.error().message());
  }
}

// Around everything.
std::vector<http::Middleware> outer_middlewares(const config::Server& config) {
  std::vector<http::Middleware> middlewares;
  if (config.tls == config::Tls::proxy) {
    middlewares.push_back(http::client_address(trusted_proxies(config)));
  }
  middlewares.push_back(http::request_id());
  middlewares.push_back(http::trace_context({.start = false}));
  if (!config.cors_origins.empty()) {
    middlewares.push_back(cors(config));
  }
  return middlewares;
}

// Around the application; calls have their own.
std::vector<http::Middleware> inner_middlewares(const log::Logger& logger, const Clock& clock,
                                                metrics::Registry* registry) {
  std::vector<http::Middleware> middlewares;
  middlewares.push_back(http::access_log(logger, clock));
  if (registry != nullptr) {
    middlewares.push_back(http::request_metrics(*registry, clock));
  }
  middlewares.push_back(http::recover());
  middlewares.push_back(http::security_headers());
  return middlewares;
}

// What the config says about addresses in words holds for the sockets of others too.
void refuse_plain_on_the_network(const config::Server& config, const net::Address& address) {
  if (config.tls == config::Tls::off && !address.is_loopback()) {
    throw Exception(Code::failed_precondition, "the given socket at " + address.to_string() +
                                                   " is reachable from other machines and server.tls is \"off\"");
  }
}

std::vector<net::Address> listen(net::Server& server, const config::Server& config,
                                 const net::CertificateStore* certificates, std::vector<UniqueFd> sockets,
                                 bool has_calls) {
  std::vector<net::Address> addresses;
  for (UniqueFd& socket : sockets) {
    addresses.push_back(server.adopt(std::move(socket), certificates));
    refuse_plain_on_the_network(config, addresses.back());
  }
  if (!addresses.empty()) {
    return addresses;
  }
  addresses.push_back(server.listen(value_or_throw(net::parse_address(config.listen_addr)), certificates));
  for (const std::string& text : config.also_listen) {
    const net::Address address = value_or_throw(net::parse_address(text));
    addresses.push_back(server.listen(address, address.is_unix() ? nullptr : certificates));
  }
  if (has_calls && !config.grpc_addr.empty()) {
    addresses.push_back(server.listen(value_or_throw(net::parse_address(config.grpc_addr)), certificates));
  }
  return addresses;
}

}  // namespace

struct Server::Parts {
  Parts(const config::Server& config, const http::Application& application, const log::Logger& logger,
        const Clock& clock, metrics::Registry* registry, std::vector<UniqueFd> sockets, const Calls* calls)
      : certificates(load_certificates(config, logger, clock)),
        inner(application, inner_middlewares(logger, clock, registry)),
        split(calls, inner),
        outer(split, outer_middlewares(config)),
        server(outer, options_from(config), logger, clock),
        addresses(listen(server, config, certificates.get(), std::move(sockets), calls != nullptr)) {}

  std::unique_ptr<net::CertificateStore> certificates;
  http::Pipeline inner;
  CallsFirst split;
  http::Pipeline outer;
  net::Server server;
  std::vector<net::Address> addresses;  // never empty
};

Server::Server(const config::Server& config, const http::Application& application, const log::Logger& logger,
               const Clock& clock, metrics::Registry* registry, std::vector<UniqueFd> sockets, const Calls* calls)
    : parts_(std::make_unique<Parts>(config, application, logger, clock, registry, std::move(sockets), calls)) {}

Server::~Server() = default;

const net::Address& Server::address() const noexcept {
  return parts_->addresses.front();
}

std::span<const net::Address> Server::addresses() const noexcept {
  return parts_->addresses;
}

std::string Server::url() const {
  if (address().is_unix()) {
    return {};
  }
  return (parts_->certificates ? "https://" : "http://") + address().reachable().to_string();
}

void Server::start() {
  parts_->server.start();
}

void Server::stop() noexcept {
  parts_->server.stop();
}

bool Server::wait() {
  return parts_->server.wait();
}

bool Server::wait_for(std::chrono::nanoseconds time) {
  return parts_->server.wait_for(time);
}

bool Server::reload_certificates() {
  return parts_->certificates && parts_->certificates->reload();
}

std::optional<double> Server::certificate_days_left() const {
  return parts_->certificates ? std::optional(parts_->certificates->days_left()) : std::nullopt;
}

bool Server::is_progressing() {
  return parts_->server.is_progressing();
}

net::ServerStats Server::stats() const noexcept {
  return parts_->server.stats();
}

}  // namespace mcdsl::httpserver
