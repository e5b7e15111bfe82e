#include "mcdsl/service/service.h"

#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <unistd.h>

#include "mcdsl/health/rest.h"
#include "mcdsl/httpserver/authenticate.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/service/internal/signals.h"

namespace mcdsl {
namespace {

using namespace std::chrono_literals;

constexpr auto kHandlerGrace = 1s;  // beyond shutdown_timeout, for the answers that were cut to be cleaned up
constexpr auto kPollInterval = 50ms;

}  // namespace

struct Service::State {
  std::string name;
  const config::Standard& config;
  log::Logger logger;
  const Clock& clock;
  health::Registry health;
  http::Router router;
  const auth::TokenVerifier* verifier = nullptr;

  State(std::string service_name, const config::Standard& standard, log::Logger log, const Clock& time)
      : name(std::move(service_name)), config(standard), logger(std::move(log)), clock(time), health({}, time) {}

  [[nodiscard]] bool is_admin(const http::Request& request) const {
    const auto token = request.bearer_token();
    if (verifier == nullptr || !token) {
      return false;
    }
    const auto caller = verifier->verify(*token);
    return caller && (*caller)->is_admin();
  }

  void wait_for_end(httpserver::Server& server, const internal::SignalWaiter& signals) const;
  void drain(httpserver::Server& server, const internal::SignalWaiter& signals);
};

Service::Service(std::string name, const config::Standard& config, log::Logger logger, const Clock& clock)
    : state_(std::make_unique<State>(std::move(name), config, std::move(logger), clock)) {}

Service::~Service() = default;

const std::string& Service::name() const noexcept {
  return state_->name;
}
const log::Logger& Service::logger() const noexcept {
  return state_->logger;
}
const Clock& Service::clock() const noexcept {
  return state_->clock;
}
http::Router& Service::router() noexcept {
  return state_->router;
}
health::Registry& Service::health() noexcept {
  return state_->health;
}

void Service::authenticate_with(const auth::TokenVerifier& verifier) {
  state_->verifier = &verifier;
}

http::Middleware Service::require(auth::Access access) const {
  if (access.is_open()) {
    return [](http::Handler next) { return next; };
  }
  if (state_->verifier == nullptr) {
    throw Exception(Code::internal, "Service::require(" + access.to_string() + ") before authenticate_with");
  }
  return httpserver::require(*state_->verifier, std::move(access));
}

void Service::State::wait_for_end(httpserver::Server& server, const internal::SignalWaiter& signals) const {
  while (signals.wait() == SIGHUP) {
    if (config.server.tls == config::Tls::on) {
      server.reload_certificates();
    }
  }
}

void Service::State::drain(httpserver::Server& server, const internal::SignalWaiter& signals) {
  const auto end_at_once = [&](std::string_view why) {
    // Handlers still run and may use anything; the database is safe against a process that ends here.
    logger.error("ended without a full drain", {{"reason", why}});
    ::_exit(1);
  };
  logger.info("draining");
  health.drain();
  if (signals.wait_for(config.server.drain_delay)) {
    end_at_once("second signal");
  }
  server.stop();
  const auto deadline = std::chrono::steady_clock::now() + config.server.shutdown_timeout + kHandlerGrace;
  while (!server.wait_for(kPollInterval)) {
    if (signals.wait_for(0ns)) {
      end_at_once("second signal");
    }
    if (std::chrono::steady_clock::now() > deadline) {
      end_at_once("a handler outlasted shutdown_timeout");
    }
  }
  if (!server.wait()) {
    logger.warn("requests in flight were cut at shutdown_timeout");
  }
}

void Service::serve() {
  State& state = *state_;
  health::add_routes(state.router, state.health,
                     [&state](const http::Request& request) { return state.is_admin(request); });
  const internal::SignalWaiter signals;
  httpserver::Server server(state.config.server, state.router, state.logger, state.clock);
  server.start();
  state.logger.info("serving",
                    {{"service", state.name}, {"url", server.url()}, {"address", server.address().to_string()}});
  state.wait_for_end(server, signals);
  state.drain(server, signals);
  const net::ServerStats stats = server.stats();
  state.logger.info("stopped", {{"requests", stats.requests}, {"connections", stats.accepted}});
}

}  // namespace mcdsl
