#include "mcdsl/terminal/password.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::terminal {
namespace {

constexpr std::size_t kLongestLine = 4095;  // a terminal in canonical mode gives no longer ones (termios(3))
constexpr std::array kSignals{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGTSTP};

// Where the handler below writes to: the pipe of the prompt that is up, or -1. The one thing in here that is global, as
// handlers of signals are.
std::atomic<int> caught_by = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a handler of signals may touch nothing else");

void note_signal(int number) {
  const int errno_before = errno;
  const auto byte = static_cast<char>(number);
  (void)!::write(caught_by.load(), &byte, 1);
  errno = errno_before;
}

// Holds signals up: what came while it was there happens when it goes out of scope.
class SignalCatcher {
 public:
  SignalCatcher() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      throw Exception(Code::internal, "pipe: " + errno_text(errno));
    }
    out_.reset(ends[0]);
    in_.reset(ends[1]);
    caught_.reserve(kSignals.size());
    int none = -1;
    if (!caught_by.compare_exchange_strong(none, in_.get())) {
      throw Exception(Code::failed_precondition, "another prompt is on the terminal");
    }
    struct sigaction catching{};
    catching.sa_handler = note_signal;
    sigemptyset(&catching.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) {  // what the process was told to ignore stays so (nohup)
        ::sigaction(kSignals[i], &catching, nullptr);
      }
    }
  }
  ~SignalCatcher() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
    caught_by = -1;
    while (next()) {
    }
    for (const int number : caught_) {
      std::raise(number);
    }
  }
  SignalCatcher(const SignalCatcher&) = delete;
  SignalCatcher& operator=(const SignalCatcher&) = delete;

  [[nodiscard]] int fd() const noexcept { return out_.get(); }

  // The next signal that has come, if there is one.
  std::optional<int> next() noexcept {
    char number = 0;
    if (::read(out_.get(), &number, 1) != 1) {
      return std::nullopt;
    }
    if (caught_.size() < caught_.capacity()) {
      caught_.push_back(number);
    }
    return number;
  }

 private:
  UniqueFd out_;
  UniqueFd in_;
  std::array<struct sigaction, kSignals.size()> before_{};
  std::vector<int> caught_;
};

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) {
      throw Exception(Code::failed_precondition,
                      "there is no terminal to ask for a password: give it by --password-file or --password-stdin");
    }
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    set(quiet);
  }
  ~EchoOff() { set(before_); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  // Flushes: what was typed before and seen is no password, and what is left behind one is not to be seen.
  void set(const termios& state) const noexcept {
    while (::tcsetattr(fd_, TCSAFLUSH, &state) != 0 && errno == EINTR) {
    }
  }

  int fd_;
  termios before_{};
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return;  // a prompt that nobody sees is no reason to fail
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

// A line that grows byte by byte and leaves no copy of itself behind.
class Line {
 public:
  Line() { text_.reserve(kLongestLine); }
  ~Line() { wipe(text_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // One byte of the descriptor. False at the end of the line, or of the stream where a line has begun.
  [[nodiscard]] bool read_byte(int fd) {
    char c = '\0';
    ssize_t count = 0;
    do {
      count = ::read(fd, &c, 1);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      throw Exception(Code::invalid_argument, "reading a password: " + errno_text(errno));
    }
    if (count == 0 && text_.empty()) {
      throw Exception(Code::invalid_argument, "the input ended before a password was read");
    }
    if (count == 0 || c == '\n') {
      return false;
    }
    if (text_.size() == kLongestLine) {
      throw Exception(Code::invalid_argument,
                      "a password of more than " + std::to_string(kLongestLine) + " bytes in one line");
    }
    text_.push_back(c);
    return true;
  }

  [[nodiscard]] Secret take() { return Secret(std::move(text_)); }

 private:
  std::string text_;
};

// The line, or the signal that came before its end. The terminal is as it was when it returns, and the signal has done
// what it does.
std::pair<Secret, std::optional<int>> ask_once(int fd, std::string_view prompt) {
  SignalCatcher catcher;  // first: no signal may find the echo off and nobody to turn it on again
  const EchoOff echo_off(fd);
  write_all(fd, prompt);
  Line line;
  for (;;) {
    std::array<pollfd, 2> waiting{
        {{.fd = catcher.fd(), .events = POLLIN, .revents = 0}, {.fd = fd, .events = POLLIN, .revents = 0}}};
    ::poll(waiting.data(), waiting.size(), -1);
    if (const auto signal = catcher.next()) {
      write_all(fd, "\n");
      return {Secret(), signal};
    }
    if (waiting[1].revents != 0 && !line.read_byte(fd)) {
      write_all(fd, "\n");
      return {line.take(), std::nullopt};
    }
  }
}

}  // namespace

Secret read_password(std::string_view prompt) {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  return read_password(terminal.get(), prompt);
}

Secret read_password(int fd, std::string_view prompt) {
  for (;;) {
    auto [password, signal] = ask_once(fd, prompt);
    if (!signal) {
      return std::move(password);
    }
    if (*signal != SIGTSTP) {
      throw Exception(Code::cancelled, "a signal ended the prompt for a password");
    }
  }
}

Secret read_password_line(int fd) {
  Line line;
  while (line.read_byte(fd)) {
  }
  return line.take();
}

Secret read_password_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) {
    const Code code = errno == ENOENT ? Code::not_found : errno == EACCES ? Code::permission_denied : Code::internal;
    throw Exception(code, "open " + path.string() + ": " + errno_text(errno));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw Exception(
        Code::failed_precondition,
        path.string() + " holds a password, and others than its owner may use it: chmod 600 " + path.string());
  }
  try {
    return read_password_line(file.get());
  } catch (const Exception& problem) {
    throw Exception(problem.error().wrap(path.string()));
  }
}

}  // namespace mcdsl::terminal
