#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/unique_fd.h"
#include "tools/mcdsl/dev/console.h"
#include "tools/mcdsl/dev/process.h"

namespace mcdsl::tool {

/// A program that is started, watched and stopped, perhaps many times. It says itself when it is ready (sd_notify(3)).
/// Threads: one at a time.
class Unit {
 public:
  enum class State : std::uint8_t { down, starting, ready, stopping };
  struct Event {
    bool became_ready = false;
    std::optional<Ending> ended{};
  };

  /// `notify_socket` is a path that nothing is at. Lifetime: the console outlives it.
  Unit(std::string label, Process::Settings settings, const std::filesystem::path& notify_socket, Console& console);

  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] State state() const noexcept { return state_; }

  /// Throws Exception (unavailable) where it cannot be started.
  void start();

  /// Asks it to end; it is killed at `deadline` where it has not.
  void stop(Clock::SteadyTime deadline);

  /// The next time at which `look` is to be called whatever happens.
  [[nodiscard]] std::optional<Clock::SteadyTime> deadline() const noexcept { return deadline_; }

  void add_descriptors(std::vector<pollfd>& into) const;

  /// Prints what it has written, and says what has become of it since the last call.
  Event look(Clock::SteadyTime now);

  /// Whether it had to be killed, or failed at its end after `stop`.
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

 private:
  [[nodiscard]] bool hears_ready() const;

  std::string label_;
  Process::Settings settings_;
  Console& console_;
  UniqueFd notify_;
  State state_ = State::down;
  std::optional<Process> process_;
  std::string output_;
  std::optional<Clock::SteadyTime> deadline_;
  bool has_failed_ = false;
};

}  // namespace mcdsl::tool
