#include "mcdsl/net/server.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

ServerOptions completed(ServerOptions options) {
  if (options.max_handler_threads == 0) {
    throw Exception(Code::invalid_argument, "max_handler_threads must be at least 1");
  }
  if (options.loops == 0) {
    options.loops = std::max(1U, std::thread::hardware_concurrency());
  }
  return options;
}

}  // namespace

std::string_view name(Limit limit) noexcept {
  static constexpr std::array<std::string_view, kLimits> kNames{
      "max_header_bytes", "max_header_fields",   "max_body_bytes",  "max_streams",
      "max_connections",  "max_handler_threads", "header_timeout",  "read_timeout",
      "write_timeout",    "idle_timeout",        "handler_timeout", "flood"};
  return kNames[static_cast<std::size_t>(limit)];
}

struct Server::Engine {
  LoopContext context;
  std::mutex mutex{};  // over all that follows
  bool started = false;
  bool stopped = false;
  std::vector<std::unique_ptr<Loop>> loops{};
  std::vector<std::uint64_t> seen_rounds{};  // of each loop, when a watchdog last asked
  // Destroyed first: the threads are gone before the loops are.
  std::unique_ptr<Crew> crew{};
  std::unique_ptr<Monitor> monitor{};

  // They stay where they are until the engine goes.
  std::vector<Loop*> current_loops() {
    const std::scoped_lock lock(mutex);
    std::vector<Loop*> current;
    for (const auto& loop : loops) {
      current.push_back(loop.get());
    }
    return current;
  }
};

Server::Server(const http::Application& application, ServerOptions options, log::Logger logger, const Clock& clock)
    : engine_(new Engine{.context = {.application = application,
                                     .options = completed(std::move(options)),
                                     .logger = std::move(logger),
                                     .clock = clock}}) {}

Server::~Server() {
  stop();
  wait();
}

Address Server::listen(const Address& address, const CertificateStore* certificates) {
  const std::scoped_lock lock(engine_->mutex);
  if (engine_->started) {
    throw Exception(Code::failed_precondition, "listen on " + address.to_string() + ": the server has started");
  }
  return engine_->context.listeners.emplace_back(Listener::open(address, certificates)).address;
}

Address Server::adopt(UniqueFd socket, const CertificateStore* certificates) {
  const std::scoped_lock lock(engine_->mutex);
  if (engine_->started) {
    throw Exception(Code::failed_precondition, "listen on a given socket: the server has started");
  }
  return engine_->context.listeners.emplace_back(Listener::adopt(std::move(socket), certificates)).address;
}

void Server::start() {
  const std::scoped_lock lock(engine_->mutex);
  if (std::exchange(engine_->started, true)) {
    throw Exception(Code::failed_precondition, "the server has started before");
  }
  LoopContext& context = engine_->context;
  if (engine_->stopped) {
    context.listeners.clear();
    return;
  }
  engine_->crew = std::make_unique<Crew>(context.options.max_handler_threads, context.options.loops, context.logger);
  std::vector<Loop*> loops;
  for (unsigned i = 0; i < context.options.loops; ++i) {
    loops.push_back(engine_->loops.emplace_back(std::make_unique<Loop>(context)).get());
  }
  engine_->monitor = std::make_unique<Monitor>(*engine_->crew, loops);
  context.crew = engine_->crew.get();
  context.monitor = engine_->monitor.get();
  for (Loop* loop : loops) {
    engine_->crew->start(*loop);
  }
}

void Server::stop() noexcept {
  const std::scoped_lock lock(engine_->mutex);
  engine_->stopped = true;
  for (const auto& loop : engine_->loops) {
    loop->stop();
  }
}

bool Server::wait() {
  bool clean = true;
  for (Loop* loop : engine_->current_loops()) {
    loop->wait();
    clean = clean && !loop->has_cut();
  }
  return clean;
}

bool Server::wait_for(std::chrono::nanoseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  return std::ranges::all_of(engine_->current_loops(), [&](Loop* loop) { return loop->wait_until(deadline); });
}

bool Server::is_progressing() {
  const std::scoped_lock lock(engine_->mutex);
  std::vector<std::uint64_t> rounds;
  bool progresses = true;
  for (std::size_t i = 0; i < engine_->loops.size(); ++i) {
    rounds.push_back(engine_->loops[i]->rounds());
    progresses = progresses && (i >= engine_->seen_rounds.size() || rounds[i] != engine_->seen_rounds[i]);
    engine_->loops[i]->nudge();
  }
  engine_->seen_rounds = std::move(rounds);
  return progresses || engine_->stopped;
}

ServerStats Server::stats() const noexcept {
  const std::scoped_lock lock(engine_->mutex);
  ServerStats sum;
  for (const auto& loop : engine_->loops) {
    const Counters& counters = std::as_const(*loop).counters();
    sum.accepted += counters.accepted.get();
    sum.open += counters.open.get();
    sum.requests += counters.requests.get();
    sum.malformed += counters.malformed.get();
    for (std::size_t i = 0; i < kLimits; ++i) {
      sum.limited[i] += counters.limited[i].get();
    }
  }
  sum.handovers = engine_->crew ? engine_->crew->takeovers() : 0;
  return sum;
}

}  // namespace mcdsl::net
