#include "tools/mcdsl/dev/unit.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

#include "mcdsl/base/error.h"

namespace mcdsl::tool {
namespace {

UniqueFd bind_datagrams(const std::filesystem::path& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.native().copy(name.sun_path, sizeof name.sun_path - 1);
  if (path.native().size() >= sizeof name.sun_path ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    throw Exception(Code::unavailable, "make the socket " + path.string() + ": " + errno_text(errno));
  }
  return socket;
}

}  // namespace

Unit::Unit(std::string label, Process::Settings settings, const std::filesystem::path& notify_socket, Console& console)
    : label_(std::move(label)),
      settings_(std::move(settings)),
      console_(console),
      notify_(bind_datagrams(notify_socket)) {
  settings_.environment.push_back("NOTIFY_SOCKET=" + notify_socket.string());
}

void Unit::start() {
  while (hears_ready()) {  // of the one before, which nobody waits for
  }
  process_.reset();
  process_.emplace(settings_);
  deadline_.reset();
  state_ = State::starting;
}

void Unit::stop(Clock::SteadyTime deadline) {
  if (state_ == State::starting || state_ == State::ready) {
    process_->signal(SIGTERM);
    process_->signal(SIGCONT);  // one that was stopped could not end
    deadline_ = deadline;
    state_ = State::stopping;
  } else if (state_ == State::stopping && deadline_) {  // and has not been killed already
    deadline_ = std::min(deadline, *deadline_);
  }
}

void Unit::add_descriptors(std::vector<pollfd>& into) const {
  if (state_ != State::down) {
    into.push_back({.fd = process_->exit_fd(), .events = POLLIN, .revents = 0});
    into.push_back({.fd = process_->output_fd(), .events = POLLIN, .revents = 0});
    into.push_back({.fd = notify_.get(), .events = POLLIN, .revents = 0});
  }
}

Unit::Event Unit::look(Clock::SteadyTime now) {
  Event event;
  if (state_ == State::down) {
    return event;
  }
  if (deadline_ && now >= *deadline_) {
    console_.say(label_ + " does not stop: killing it");
    process_->signal(SIGKILL);
    deadline_.reset();
    has_failed_ = true;
  }
  const auto ending = process_->ending();  // before its output, which is whole then
  process_->read_output(output_);
  console_.print_lines(label_, output_, ending.has_value());
  if (hears_ready() && state_ == State::starting) {
    state_ = State::ready;
    event.became_ready = true;
  }
  if (ending) {
    has_failed_ = has_failed_ || (state_ == State::stopping && !ending->is_clean());
    state_ = State::down;
    deadline_.reset();
    event.ended = ending;
  }
  return event;
}

bool Unit::hears_ready() const {
  bool is_ready = false;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::recv(notify_.get(), buffer.data(), buffer.size(), 0)) >= 0) {
    const std::string_view message(buffer.data(), static_cast<std::size_t>(got));
    is_ready = is_ready || message.starts_with("READY=1") || message.contains("\nREADY=1");
  }
  return is_ready;
}

}  // namespace mcdsl::tool
