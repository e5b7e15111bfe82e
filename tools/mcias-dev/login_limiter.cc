#include "tools/mcias-dev/login_limiter.h"

#include <algorithm>

#include "mcdsl/http/rate_limit.h"

namespace mcias {

using std::chrono::nanoseconds;

FailureWindow::FailureWindow(const FailureLimit& limit, const mcdsl::Clock& clock) : limit_(limit), clock_(clock) {}

std::optional<nanoseconds> FailureWindow::wait(std::string_view key) const {
  const Time now = clock_.steady();
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return std::nullopt;
  }
  const auto& times = found->second->times;
  if (times.size() < limit_.failures || times.front() + limit_.window <= now) {
    return std::nullopt;
  }
  return times.front() + limit_.window - now;
}

void FailureWindow::record(std::string_view key) {
  const Time now = clock_.steady();
  const std::scoped_lock lock(mutex_);
  auto& times = entry_of(key).times;
  // Only the last `failures` of them decide.
  if (times.size() == limit_.failures) {
    times.erase(times.begin());
  }
  times.push_back(now);
}

void FailureWindow::forget(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    const auto entry = found->second;
    by_key_.erase(found);
    entries_.erase(entry);
  }
}

FailureWindow::Entry& FailureWindow::entry_of(std::string_view key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  if (entries_.size() == limit_.max_keys) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({std::string(key), {}});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

LoginLimiter::LoginLimiter(const FailureLimit& per_username, const FailureLimit& per_address, const mcdsl::Clock& clock)
    : usernames_(per_username, clock), addresses_(per_address, clock) {}

std::optional<nanoseconds> LoginLimiter::wait(std::string_view username, std::string_view address) const {
  const auto for_username = usernames_.wait(username);
  const auto for_address = addresses_.wait(mcdsl::http::rate_limit_key(address));
  return std::max(for_username, for_address);  // nullopt is less than any time
}

void LoginLimiter::failed(std::string_view username, std::string_view address) {
  usernames_.record(username);
  addresses_.record(mcdsl::http::rate_limit_key(address));
}

void LoginLimiter::succeeded(std::string_view username) {
  usernames_.forget(username);
}

}  // namespace mcias
