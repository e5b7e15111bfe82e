#include "mcdsl/httpserver/server.h"

#include <utility>

#include "mcdsl/http/access_log.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/http/security_headers.h"

namespace mcdsl::httpserver {
namespace {

net::ServerOptions options_from(const config::Server& config) {
  return {.max_header_bytes = static_cast<std::size_t>(config.max_header_bytes),
          .max_body_bytes = static_cast<std::size_t>(config.max_body_bytes),
          .max_connections = static_cast<std::size_t>(config.max_connections),
          .header_timeout = config.header_timeout,
          .read_timeout = config.read_timeout,
          .write_timeout = config.write_timeout,
          .idle_timeout = config.idle_timeout,
          .handler_timeout = config.handler_timeout,
          .shutdown_timeout = config.shutdown_timeout,
          .loops = static_cast<unsigned>(config.loops),
          .max_handler_threads = static_cast<unsigned>(config.max_handler_threads)};
}

std::unique_ptr<net::CertificateStore> load_certificates(const config::Server& config, const log::Logger& logger,
                                                         const Clock& clock) {
  if (config.tls != config::Tls::on) {
    return nullptr;
  }
  auto store = std::make_unique<net::CertificateStore>(config.tls_cert, config.tls_key, logger, clock);
  for (const auto& finding : store->findings()) {
    logger.write(finding.level, "certificate", {{"finding", finding.text}});
  }
  return store;
}

}  // namespace

struct Server::Parts {
  Parts(const config::Server& config, const http::Application& application, const log::Logger& logger,
        const Clock& clock)
      : certificates(load_certificates(config, logger, clock)),
        pipeline(application,
                 {http::request_id(), http::access_log(logger, clock), http::recover(), http::security_headers()}),
        server(pipeline, options_from(config), logger, clock),
        address(server.listen(value_or_throw(net::parse_address(config.listen_addr)), certificates.get())) {}

  std::unique_ptr<net::CertificateStore> certificates;
  http::Pipeline pipeline;
  net::Server server;
  net::Address address;
};

Server::Server(const config::Server& config, const http::Application& application, const log::Logger& logger,
               const Clock& clock)
    : parts_(std::make_unique<Parts>(config, application, logger, clock)) {}

Server::~Server() = default;

const net::Address& Server::address() const noexcept {
  return parts_->address;
}

std::string Server::url() const {
  if (parts_->address.is_unix()) {
    return {};
  }
  return (parts_->certificates ? "https://" : "http://") + parts_->address.reachable().to_string();
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

net::ServerStats Server::stats() const noexcept {
  return parts_->server.stats();
}

}  // namespace mcdsl::httpserver
