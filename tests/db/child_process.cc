#include "child_process.h"

#include <array>
#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::pair<mcdsl::UniqueFd, mcdsl::UniqueFd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2");
  }
  return {mcdsl::UniqueFd(ends[0]), mcdsl::UniqueFd(ends[1])};
}

}  // namespace

ChildProcess::ChildProcess(const std::string& what, const std::filesystem::path& database, const std::string& argument)
    : ChildProcess({DB_CHILD, what, database.string(), argument}) {}

ChildProcess::ChildProcess(std::vector<std::string> command)
    : errors_(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  auto [child_input, input] = make_pipe();
  auto [output, child_output] = make_pipe();
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors_.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (std::string& word : command) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const int problem = ::posix_spawnp(&pid_, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw std::runtime_error("cannot start " + command.front());
  }
  input_ = std::move(input);
  output_ = std::move(output);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill();
  }
}

std::optional<std::string> ChildProcess::read_line(std::chrono::microseconds patience) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(patience - seconds).count()};
  for (;;) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    pollfd wanted{.fd = output_.get(), .events = POLLIN, .revents = 0};
    std::array<char, 4096> buffer{};
    if (::ppoll(&wanted, 1, &limit, nullptr) <= 0) {
      return std::nullopt;
    }
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      return std::nullopt;
    }
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

int ChildProcess::finish() {
  input_.reset();
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::vector<std::string> ChildProcess::kill() {
  ::kill(pid_, SIGKILL);
  finish();
  return rest();
}

void ChildProcess::stop() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void ChildProcess::resume() {
  ::kill(pid_, SIGCONT);
}

std::vector<std::string> ChildProcess::rest() {
  std::vector<std::string> lines;
  while (auto line = read_line()) {  // a line that the kill cut in two has no end and does not count
    lines.push_back(*std::move(line));
  }
  return lines;
}

std::string ChildProcess::errors() const {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::pread(errors_.get(), buffer.data(), buffer.size(), 0);
  return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}
