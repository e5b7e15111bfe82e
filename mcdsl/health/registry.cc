#include "mcdsl/health/registry.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "mcdsl/base/blocking.h"

namespace mcdsl::health {
namespace {

Result<void> run(const Check& check) {
  try {
    return check();
  } catch (const Exception& problem) {
    return fail(problem.error());
  } catch (const std::exception& problem) {
    return fail(Code::internal, problem.what());
  }
}

}  // namespace

// One check, the thread it runs on, and its last result.
class Registry::Probe {
 public:
  Probe(std::string name, Check check) : name_(std::move(name)), check_(std::move(check)) {}
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  // Starts the check unless it runs already or its result is fresh.
  void refresh(const RegistryOptions& options, const Clock& clock) {
    const std::scoped_lock lock(mutex_);
    const auto now = clock.steady();
    if (running_ || (outcome_ && now - finished_at_ < options.max_age)) {
      return;
    }
    if (thread_.joinable()) {
      thread_.join();  // it has returned
    }
    running_ = true;
    thread_ = std::thread([this, &clock] {
      Result<void> outcome = run(check_);
      const std::scoped_lock done(mutex_);
      outcome_ = std::move(outcome);
      finished_at_ = clock.steady();
      running_ = false;
      changed_.notify_all();
    });
  }

  // The timeout is the machine's time: it guards against a dependency that hangs, not against a date.
  Finding wait(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return !running_; })) {
      return {name_, fail(Code::deadline_exceeded, "the check has not come back")};
    }
    return {name_, outcome_.value_or(Result<void>())};
  }

 private:
  const std::string name_;
  const Check check_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::optional<Result<void>> outcome_;
  Clock::SteadyTime finished_at_{};
  std::thread thread_;
};

struct Registry::State {
  RegistryOptions options;
  const Clock& clock;
  std::atomic<bool> draining{false};
  std::mutex mutex{};  // over the list; probes have their own
  std::vector<std::shared_ptr<Probe>> probes{};
  std::condition_variable_any drains{};
};

Registry::Registry(RegistryOptions options, const Clock& clock)
    : state_(new State{.options = options, .clock = clock}) {}

Registry::~Registry() = default;

void Registry::add(std::string name, Check check) {
  const std::scoped_lock lock(state_->mutex);
  state_->probes.push_back(std::make_shared<Probe>(std::move(name), std::move(check)));
}

void Registry::drain() noexcept {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->draining = true;
  }
  state_->drains.notify_all();
}

bool Registry::wait_for_drain(std::chrono::nanoseconds time, const std::stop_token& stop) const {
  about_to_block();
  std::unique_lock lock(state_->mutex);
  return state_->drains.wait_for(lock, stop, time, [this] { return state_->draining.load(); });
}

Report Registry::report() const {
  std::vector<std::shared_ptr<Probe>> probes;
  {
    const std::scoped_lock lock(state_->mutex);
    probes = state_->probes;
  }
  Report report{.serving = false, .draining = state_->draining, .findings = {}};
  for (const auto& probe : probes) {
    probe->refresh(state_->options, state_->clock);
  }
  if (!probes.empty()) {
    about_to_block();
  }
  const auto deadline = std::chrono::steady_clock::now() + state_->options.timeout;
  bool all_passed = true;
  for (const auto& probe : probes) {
    report.findings.push_back(probe->wait(deadline));
    all_passed = all_passed && report.findings.back().outcome.has_value();
  }
  report.serving = all_passed && !report.draining;
  return report;
}

}  // namespace mcdsl::health
