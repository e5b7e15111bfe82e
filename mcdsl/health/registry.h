#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"

namespace mcdsl::health {

/// Whether one thing a service depends on works right now. It may block; the registry does not wait for it for ever.
using Check = std::function<Result<void>()>;

/// What a check found.
struct Finding {
  std::string name;
  Result<void> outcome;
};

struct Report {
  bool serving = false;  ///< every check passed and the service is not draining
  bool draining = false;
  std::vector<Finding> findings;  ///< in the order the checks were added
};

struct RegistryOptions {
  std::chrono::nanoseconds timeout =
      std::chrono::seconds(2);  ///< a check that takes longer counts as failed: deadline_exceeded
  std::chrono::nanoseconds max_age =
      std::chrono::seconds(1);  ///< a result this fresh is used again, so that probes cost nothing
};

/// The one place that knows whether the service can do its work; every face (REST, gRPC) asks here.
///
/// Each check runs on a thread of its own, at most once at a time: one that hangs costs one thread and fails its own
/// line, and is asked again only after it has returned.
///
/// Threads: safe from any thread. Lifetime: what the checks use outlives the registry; the destructor waits for checks
/// that still run.
class Registry {
 public:
  explicit Registry(RegistryOptions options = {}, const Clock& clock = system_clock());
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  void add(std::string name, Check check);

  /// For anything that can be pinged: a database, an authenticator.
  template <class T>
    requires requires(const T& dependency) {
      { dependency.ping() } -> std::same_as<Result<void>>;
    }
  void add(std::string name, const T& dependency) {
    add(std::move(name), Check([&dependency] { return dependency.ping(); }));
  }

  /// Not serving from now on: the first step of a drain.
  void drain() noexcept;

  /// Waits until the drain begins, `stop` is requested or the time is over. Whether it has begun.
  bool wait_for_drain(std::chrono::nanoseconds time, const std::stop_token& stop) const;

  /// Runs the checks whose results are old and waits for them, at most the timeout.
  [[nodiscard]] Report report() const;

 private:
  struct State;
  class Probe;

  std::unique_ptr<State> state_;
};

}  // namespace mcdsl::health
