#include "tools/mcdsl/dev/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcdsl::tool {
namespace {

using State = Unit::State;
using std::chrono::milliseconds;

constexpr milliseconds kSettling(200);  // a linker writes, closes and then sets the mode
constexpr milliseconds kLookForFolder(500);

sigset_t stop_signals() {
  sigset_t set{};
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaddset(&set, number);
  }
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) {
    throw Exception(Code::resource_exhausted, "signalfd: " + errno_text(errno));
  }
}

bool StopSignals::take() const {
  signalfd_siginfo info{};
  return ::read(fd_.get(), &info, sizeof info) == sizeof info;
}

Supervisor::Supervisor(Unit& identity, Unit& service, const StopSignals& signals, Console& console, Settings settings)
    : identity_(identity),
      service_(service),
      signals_(signals),
      console_(console),
      settings_(std::move(settings)),
      watch_(settings_.program) {}

Clock::SteadyTime Supervisor::kill_time() const {
  return clock_.steady() + settings_.patience;
}

bool Supervisor::run() {
  identity_.start();
  for (;;) {
    wait();
    while (signals_.take()) {
      handle_signal();
    }
    handle_change();
    handle_service();
    handle_identity();
    if (is_stopping_ && service_.state() == State::down) {
      if (identity_.state() == State::down) {
        return !service_.has_failed() && !identity_.has_failed();
      }
      identity_.stop(kill_time());
    }
  }
}

void Supervisor::wait() {
  std::vector<pollfd> descriptors{{.fd = signals_.fd(), .events = POLLIN, .revents = 0},
                                  {.fd = watch_.fd(), .events = POLLIN, .revents = 0}};
  service_.add_descriptors(descriptors);
  identity_.add_descriptors(descriptors);
  Clock::SteadyTime next = clock_.steady() + kLookForFolder;
  for (const auto& deadline : {change_settles_, service_.deadline(), identity_.deadline()}) {
    next = std::min(next, deadline.value_or(next));
  }
  const auto left = std::chrono::ceil<milliseconds>(next - clock_.steady());
  ::poll(descriptors.data(), descriptors.size(), static_cast<int>(std::max(left, milliseconds(0)).count()));
}

void Supervisor::handle_signal() {
  if (is_stopping_) {
    console_.say("killing what still runs");
    service_.stop(clock_.steady());
    identity_.stop(clock_.steady());
    return;
  }
  console_.say("stopping");
  is_stopping_ = true;
  service_.stop(kill_time());
}

void Supervisor::handle_identity() {
  const Unit::State before = identity_.state();
  const Unit::Event event = identity_.look(clock_.steady());
  if (event.became_ready && !is_stopping_) {
    may_start_ = true;
    start_service();
  }
  if (!event.ended || is_stopping_) {
    return;
  }
  if (before == State::starting && !event.became_ready) {
    throw Exception(Code::unavailable, identity_.label() + " did not start: " + event.ended->to_string());
  }
  console_.say(identity_.label() + " has ended: " + event.ended->to_string() +
               "; logins fail until all is started anew");
}

void Supervisor::handle_service() {
  const Unit::Event event = service_.look(clock_.steady());
  if (event.became_ready) {
    if (std::exchange(was_ready_, true)) {
      console_.say(service_.label() + " is ready again");
    } else if (settings_.on_first_ready) {
      settings_.on_first_ready();
    }
  }
  if (!event.ended) {
    return;
  }
  if (is_stopping_ || starts_anew_) {
    console_.say(service_.label() + " has stopped: " + event.ended->to_string());
  } else {
    console_.say(service_.label() + " has ended by itself: " + event.ended->to_string() +
                 "; waiting for the next build");
  }
  if (std::exchange(starts_anew_, false) && !is_stopping_) {
    start_service();
  }
}

void Supervisor::handle_change() {
  if (watch_.has_changed()) {
    change_settles_ = clock_.steady() + kSettling;
  }
  if (!change_settles_ || clock_.steady() < *change_settles_) {
    return;
  }
  change_settles_.reset();
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(settings_.program, problem);
  const bool is_whole = !problem && ::access(settings_.program.c_str(), X_OK) == 0;
  if (!is_whole || is_stopping_ || started_from_ == written || !may_start_) {
    return;
  }
  if (service_.state() == State::down) {
    start_service();
  } else {
    console_.say(settings_.program.filename().string() + " has changed: starting it anew");
    starts_anew_ = true;
    service_.stop(kill_time());
  }
}

void Supervisor::start_service() {
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(settings_.program, problem);
  if (problem) {
    console_.say("there is no " + settings_.program.string() + " yet: waiting for the first build");
    started_from_.reset();
    return;
  }
  started_from_ = written;
  try {
    service_.start();
  } catch (const Exception& failure) {
    console_.say(std::string(failure.what()) + "; waiting for the next build");
  }
}

}  // namespace mcdsl::tool
