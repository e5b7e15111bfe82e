#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/unique_fd.h"
#include "tools/mcdsl/dev/file_watch.h"
#include "tools/mcdsl/dev/unit.h"

namespace mcdsl::tool {

/// SIGINT, SIGTERM and SIGHUP as something to read, blocked in every thread that is started from now on.
class StopSignals {
 public:
  StopSignals();
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Whether one came; forgets it.
  [[nodiscard]] bool take() const;

 private:
  UniqueFd fd_;
};

/// Runs the identity service and, when that is ready, the service; starts the service anew when its program changes;
/// and stops both in order at the first signal, at once at the second. A service that ends by itself is told of, and
/// the next build waited for. Threads: one.
class Supervisor {
 public:
  struct Settings {
    std::filesystem::path program;           ///< of the service
    std::chrono::milliseconds patience;      ///< from the request to stop until it is killed
    std::function<void()> on_first_ready{};  ///< tells the person where everything is
  };

  /// Lifetime: all of these outlive it.
  Supervisor(Unit& identity, Unit& service, const StopSignals& signals, Console& console, Settings settings);

  /// Returns whether all has ended well. Throws Exception (unavailable) where the identity service does not start.
  bool run();

 private:
  void wait();
  void handle_signal();
  void handle_identity();
  void handle_service();
  void handle_change();
  void start_service();
  [[nodiscard]] Clock::SteadyTime kill_time() const;

  Unit& identity_;
  Unit& service_;
  const StopSignals& signals_;
  Console& console_;
  Settings settings_;
  const Clock& clock_ = system_clock();
  FileWatch watch_;
  std::optional<Clock::SteadyTime> change_settles_;  ///< a program that is still being written is left alone until then
  std::optional<std::filesystem::file_time_type> started_from_;
  bool may_start_ = false;  ///< the identity service has been ready
  bool starts_anew_ = false;
  bool is_stopping_ = false;
  bool was_ready_ = false;
};

}  // namespace mcdsl::tool
