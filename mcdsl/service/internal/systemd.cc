#include "mcdsl/service/internal/systemd.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::internal {
namespace {

constexpr int kMostSockets = 1024;

std::string_view find(const config::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& why) {
  throw Exception(Code::failed_precondition, "socket activation: " + why);
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const auto colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) {
      return names;
    }
    text.remove_prefix(colon + 1);
  }
}

std::int64_t microseconds_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

std::vector<ActivatedSocket> take_activated_sockets(const config::Environment& environment, int first) {
  const std::string_view count_text = find(environment, "LISTEN_FDS");
  if (count_text.empty() || parse<pid_t>(find(environment, "LISTEN_PID")) != ::getpid()) {
    return {};  // inherited from a parent that they were meant for
  }
  const auto count = parse<int>(count_text);
  if (!count || *count < 0 || *count > kMostSockets) {
    refuse("LISTEN_FDS=" + printable(count_text) + " is no number of sockets");
  }
  const std::string_view names_text = find(environment, "LISTEN_FDNAMES");
  const auto names = names_text.empty() ? std::vector<std::string>(static_cast<std::size_t>(*count), "unknown")
                                        : split_names(names_text);
  if (names.size() != static_cast<std::size_t>(*count)) {
    refuse("LISTEN_FDNAMES has " + std::to_string(names.size()) + " names for " + std::to_string(*count) + " sockets");
  }
  for (int i = 0; i < *count; ++i) {
    // Checked before any is taken: closing what turns out to be something else would harm its owner.
    if (::fcntl(first + i, F_SETFD, FD_CLOEXEC) != 0) {
      refuse("descriptor " + std::to_string(first + i) + " (\"" + printable(names[static_cast<std::size_t>(i)]) +
             "\"): " + errno_text(errno));
    }
  }
  std::vector<ActivatedSocket> sockets;
  for (int i = 0; i < *count; ++i) {
    sockets.push_back({.socket = UniqueFd(first + i), .name = names[static_cast<std::size_t>(i)]});
  }
  return sockets;
}

Notifier::Notifier(const config::Environment& environment) : address_(find(environment, "NOTIFY_SOCKET")) {
  if (address_.size() >= sizeof(sockaddr_un::sun_path) || !(address_.starts_with('/') || address_.starts_with('@'))) {
    address_.clear();
  } else if (address_.front() == '@') {
    address_.front() = '\0';  // of Linux's abstract names (unix(7))
  }
  const std::string_view pid = find(environment, "WATCHDOG_PID");
  const auto limit = parse<std::int64_t>(find(environment, "WATCHDOG_USEC"));
  if (limit && *limit > 1 && (pid.empty() || parse<pid_t>(pid) == ::getpid())) {
    ping_interval_ = std::chrono::microseconds(*limit / 2);
  }
}

void Notifier::send(std::string_view message) const {
  const UniqueFd socket(address_.empty() ? -1 : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return;
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address_.copy(name.sun_path, sizeof name.sun_path - 1);
  // An abstract name is as long as it is said to be; a path may or may not count its terminator.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  ::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&name),
           length);
}

void Notifier::ready(std::string_view status) const {
  send("READY=1\nSTATUS=" + std::string(status));
}

void Notifier::reloading() const {
  // Without the time systemd does not take it (Type=notify-reload).
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds_since_boot()));
}

void Notifier::stopping(std::chrono::nanoseconds longest) const {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(time));
}

void Notifier::ping() const {
  send("WATCHDOG=1");
}

}  // namespace mcdsl::internal
