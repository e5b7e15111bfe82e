#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/config/config.h"

/// What systemd tells a service and wants to hear of it. No library is needed: both are variables of the environment,
/// and the answers are datagrams.
namespace mcdsl::internal {

/// A socket that systemd opened for this process (sd_listen_fds(3)).
struct ActivatedSocket {
  UniqueFd socket;
  std::string name;  ///< FileDescriptorName= of its unit, which is the unit's own name where nothing is said
};

/// Those that were passed to this process, from descriptor `first` on; none where the variables are meant for another.
/// Each belongs to the caller from now on: call it once. Throws Exception (failed_precondition) where the variables
/// contradict each other or name what is no descriptor.
[[nodiscard]] std::vector<ActivatedSocket> take_activated_sockets(const config::Environment& environment,
                                                                  int first = 3);

/// Tells the service manager how the service is (sd_notify(3)); says nothing where nobody listens. What cannot be sent
/// is lost: a service works without a manager.
/// Threads: safe from any thread.
class Notifier {
 public:
  explicit Notifier(const config::Environment& environment);

  void ready(std::string_view status) const;
  /// `ready` must follow.
  void reloading() const;
  /// It will take this long at most.
  void stopping(std::chrono::nanoseconds longest) const;

  /// How often `ping` has to be called: twice as often as the manager wants to hear of us (WATCHDOG_USEC). None where
  /// it does not watch this process.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> ping_interval() const noexcept { return ping_interval_; }
  void ping() const;

 private:
  void send(std::string_view message) const;

  std::string address_;  // as in sockaddr_un; empty: nobody listens
  std::optional<std::chrono::nanoseconds> ping_interval_;
};

}  // namespace mcdsl::internal
