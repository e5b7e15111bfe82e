#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mcdsl/base/clock.h"

namespace mcias {

/// How many failures within a sliding window are too many.
struct FailureLimit {
  std::size_t failures;  ///< at least 1
  std::chrono::nanoseconds window;
  std::size_t max_keys = 10'000;  ///< how many keys are remembered; at least 1
};

/// Counts failures per key. Past `max_keys` the key that failed least recently is forgotten.
/// Threads: safe from any thread. Lifetime: the clock outlives it.
class FailureWindow {
 public:
  FailureWindow(const FailureLimit& limit, const mcdsl::Clock& clock);

  /// How long until the key may fail again; nullopt where it may now.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> wait(std::string_view key) const;

  void record(std::string_view key);
  void forget(std::string_view key);

 private:
  using Time = mcdsl::Clock::SteadyTime;
  struct Entry {
    std::string key;
    std::vector<Time> times;  ///< oldest first, `failures` at most
  };

  Entry& entry_of(std::string_view key);

  const FailureLimit limit_;
  const mcdsl::Clock& clock_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;                                                 // most recently failed first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // keys in the list
};

/// Slows down the guessing of passwords: failures are counted for the user name and for the client's address.
///
/// A success clears the count of the user name but not of the address: whoever has an account of their own could
/// otherwise go on guessing everyone else's. Behind a service that forwards logins the address is the service's, so its
/// limit wants to be the wider one.
/// Threads: safe from any thread.
class LoginLimiter {
 public:
  LoginLimiter(const FailureLimit& per_username, const FailureLimit& per_address, const mcdsl::Clock& clock);

  /// How long this login has to wait; nullopt where it may be tried now.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> wait(std::string_view username, std::string_view address) const;

  void failed(std::string_view username, std::string_view address);
  void succeeded(std::string_view username);

 private:
  FailureWindow usernames_;
  FailureWindow addresses_;
};

}  // namespace mcias
