#include "tools/mcias-dev/terminal.h"

#include <cerrno>
#include <string>

#include <termios.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcias {
namespace {

using mcdsl::Code;
using mcdsl::Exception;

constexpr std::size_t kLongestLine = 4096;  // a terminal in canonical mode gives no longer ones (termios(3))

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) {
      throw Exception(Code::failed_precondition, "there is no terminal to read a password from: use --password-stdin");
    }
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd, TCSAFLUSH, &quiet);
  }
  ~EchoOff() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
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

}  // namespace

mcdsl::Secret read_hidden_line(int fd, std::string_view prompt) {
  const EchoOff echo_off(fd);
  write_all(fd, prompt);
  std::string line;
  line.reserve(kLongestLine);  // growing would leave copies behind
  for (char c = '\0'; line.size() < kLongestLine;) {
    const ssize_t count = ::read(fd, &c, 1);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      mcdsl::wipe(line);
      throw Exception(Code::invalid_argument, "the terminal ended before a password was read");
    }
    if (c == '\n') {
      break;
    }
    line.push_back(c);
  }
  write_all(fd, "\n");
  return mcdsl::Secret(std::move(line));
}

}  // namespace mcias
