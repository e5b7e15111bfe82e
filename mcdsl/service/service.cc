#include "mcdsl/service/service.h"

#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/config/config.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/reflection.h"
#include "mcdsl/health/grpc.h"
#include "mcdsl/health/rest.h"
#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/request_metrics.h"
#include "mcdsl/httpserver/authenticate.h"
#include "mcdsl/httpserver/server.h"
#include "mcdsl/metrics/process.h"
#include "mcdsl/service/internal/admin.h"
#include "mcdsl/service/internal/routes.h"
#include "mcdsl/service/internal/signals.h"
#include "mcdsl/service/internal/systemd.h"

namespace mcdsl {
namespace {

using namespace std::chrono_literals;

constexpr auto kHandlerGrace = 1s;  // beyond shutdown_timeout, for the answers that were cut to be cleaned up
constexpr auto kPollInterval = 50ms;

// A socket of a unit without FileDescriptorName= has the unit's name, "notes.socket"; "unknown" where it was handed
// over by something older or simpler than systemd. A name that means nothing to us is a mistake: what is meant for the
// operator's eyes alone must not be served to all.
std::vector<UniqueFd> sockets_for(const std::string& service, std::vector<internal::ActivatedSocket> activated) {
  std::vector<UniqueFd> sockets;
  for (auto& [socket, name] : activated) {
    if (name != "server" && name != service + ".socket" && name != "unknown") {
      throw Exception(Code::failed_precondition, "socket activation: nothing is served at a socket named \"" +
                                                     printable(name) + "\" (FileDescriptorName=server is)");
    }
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

// The pages' listener serves what all others do.
config::Server with_web_listener(config::Server server, const config::Web& web) {
  if (!web.listen_addr.empty()) {
    server.also_listen.push_back(web.listen_addr);
  }
  return server;
}

}  // namespace

struct Service::State {
  std::string name;
  const config::Standard& config;
  log::Logger logger;
  const Clock& clock;
  metrics::Registry metrics;
  health::Registry health;
  http::Router router;
  std::vector<http::Middleware> middlewares;  // around the router
  const auth::TokenVerifier* verifier = nullptr;
  std::vector<std::function<void()>> reloads;

  std::vector<grpcserver::ServiceBase*> services;
  grpcserver::DispatcherOptions rpc;
  // What `serve` adds to them, and makes of them.
  std::optional<health::GrpcHealth> grpc_health;
  std::optional<grpcserver::Reflection> reflection;
  std::optional<grpcserver::Dispatcher> dispatcher;
  std::optional<http::Pipeline> pipeline;
  std::optional<httpserver::CallsFirst> application;

  std::function<void(const http::Router& router, const grpcserver::Dispatcher* dispatcher)> list_routes;

  State(std::string service_name, const config::Standard& standard, log::Logger log, const Clock& time)
      : name(std::move(service_name)),
        config(standard),
        logger(std::move(log)),
        clock(time),
        health({}, time),
        rpc{.clock = time} {
    metrics::add_process_metrics(metrics);
  }

  void add_health_routes(http::Router& to) const {
    health::add_routes(to, health, [this](const http::Request& request) { return is_admin(request); });
  }

  void make_dispatcher();
  [[nodiscard]] bool is_admin(const http::Request& request) const {
    const auto token = request.bearer_token();
    if (verifier == nullptr || !token) {
      return false;
    }
    const auto caller = verifier->verify(*token);
    return caller && (*caller)->is_admin();
  }

  void reload(httpserver::Server& server, httpserver::Server* admin) const;
  void wait_for_end(httpserver::Server& server, httpserver::Server* admin, const internal::SignalWaiter& signals,
                    const internal::Notifier& notifier) const;
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

metrics::Registry& Service::metrics() noexcept {
  return state_->metrics;
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

void Service::use(http::Middleware middleware) {
  state_->middlewares.push_back(std::move(middleware));
}

void Service::add(grpcserver::ServiceBase& service) {
  state_->services.push_back(&service);
}

void Service::set_access(std::string method_or_service, auth::Access access) {
  state_->rpc.access.insert_or_assign(std::move(method_or_service), std::move(access));
}

void Service::intercept(grpcserver::Interceptor interceptor) {
  state_->rpc.interceptors.push_back(std::move(interceptor));
}

void Service::on_reload(std::function<void()> reload) {
  state_->reloads.push_back(std::move(reload));
}

// Of the services that were added, if there are any, and those that every service has.
void Service::State::make_dispatcher() {
  if (services.empty()) {
    return;
  }
  std::vector<std::string> names;
  for (grpcserver::ServiceBase* service : services) {
    for (const grpcserver::Method& method : service->methods()) {
      if (names.empty() || names.back() != method.descriptor->service()->full_name()) {
        names.push_back(method.descriptor->service()->full_name());
      }
    }
  }
  auto all = services;
  all.push_back(&grpc_health.emplace(health, std::move(names)));
  if (config.server.grpc_reflection) {
    all.push_back(&reflection.emplace(all));
  }
  rpc.verifier = verifier;
  rpc.logger = logger;
  rpc.registry = &metrics;
  rpc.max_received_bytes = static_cast<std::size_t>(config.server.max_message_bytes);
  rpc.default_timeout = config.server.rpc_timeout;
  dispatcher.emplace(all, rpc);
}

void Service::State::reload(httpserver::Server& server, httpserver::Server* admin) const {
  if (config.server.tls == config::Tls::on) {
    server.reload_certificates();
    if (admin != nullptr) {
      admin->reload_certificates();  // does nothing where it is plain
    }
  }
  for (const auto& each : reloads) {
    try {
      each();
    } catch (const std::exception& problem) {
      logger.error("reload failed", {{"error", problem.what()}});
    }
  }
}

void Service::State::wait_for_end(httpserver::Server& server, httpserver::Server* admin,
                                  const internal::SignalWaiter& signals, const internal::Notifier& notifier) const {
  for (;;) {
    const auto signal = signals.next(notifier.ping_interval());
    if (!signal) {
      // Of the loops themselves: a process whose main thread alone is alive serves nobody.
      const bool admin_progresses = admin == nullptr || admin->is_progressing();
      if (server.is_progressing() && admin_progresses) {
        notifier.ping();
      }
    } else if (*signal == SIGHUP) {
      notifier.reloading();
      reload(server, admin);
      notifier.ready("serving " + server.address().to_string());
    } else {
      return;
    }
  }
}

void Service::State::drain(httpserver::Server& server, const internal::SignalWaiter& signals) {
  const auto end_at_once = [&](std::string_view why) {
    // Handlers still run and may use anything; the database is safe against a process that ends here.
    logger.error("ended without a full drain", {{"reason", why}});
    logger.flush();
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

const http::Application& Service::application() {
  State& state = *state_;
  if (!state.application) {
    state.add_health_routes(state.router);
    state.make_dispatcher();
    state.pipeline.emplace(state.router, state.middlewares);
    state.application.emplace(state.dispatcher ? &*state.dispatcher : nullptr, *state.pipeline);
  }
  return *state.application;
}

void Service::serve() {
  State& state = *state_;
  const config::Server& config = state.config.server;
  (void)application();
  const grpcserver::Dispatcher* dispatcher = state.dispatcher ? &*state.dispatcher : nullptr;
  if (state.list_routes) {
    state.list_routes(state.router, dispatcher);
    return;
  }
  const internal::SignalWaiter signals;
  const config::Environment environment = config::process_environment();
  const internal::Notifier notifier(environment);
  const auto server = std::make_shared<httpserver::Server>(
      with_web_listener(config, state.config.web), *state.pipeline, state.logger, state.clock, &state.metrics,
      sockets_for(state.name, internal::take_activated_sockets(environment)), dispatcher);
  internal::add_server_metrics(state.metrics, server);

  http::Router admin_router;
  std::optional<httpserver::Server> admin;  // gone before what it shows
  if (!config.admin_addr.empty()) {
    state.add_health_routes(admin_router);
    http::add_metrics_route(admin_router, state.metrics);
    admin.emplace(internal::admin_section(config), admin_router, state.logger, state.clock);
    admin->start();
    state.logger.info("serving metrics and health", {{"url", admin->url()}, {"address", admin->address().to_string()}});
    if (!admin->address().is_loopback()) {
      state.logger.warn("other machines can read the metrics", {{"address", admin->address().to_string()}});
    }
  }

  server->start();
  for (const net::Address& address : server->addresses()) {
    state.logger.info("serving", {{"service", state.name}, {"url", server->url()}, {"address", address.to_string()}});
  }
  notifier.ready("serving " + server->address().to_string());
  state.wait_for_end(*server, admin ? &*admin : nullptr, signals, notifier);
  notifier.stopping(config.drain_delay + config.shutdown_timeout + kHandlerGrace);
  state.drain(*server, signals);
  const net::ServerStats stats = server->stats();
  state.logger.info("stopped", {{"requests", stats.requests}, {"connections", stats.accepted}});
}

void internal::RouteLister::list_in_place_of_serving(
    Service& service, std::function<void(const http::Router&, const grpcserver::Dispatcher*)> list) {
  service.state_->list_routes = std::move(list);
}

}  // namespace mcdsl
