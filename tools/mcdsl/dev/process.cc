#include "tools/mcdsl/dev/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcdsl/base/error.h"

namespace mcdsl::tool {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Exception(Code::resource_exhausted, "make a pipe: " + errno_text(errno));
  }
  return {.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, where nothing may be called but what is safe in a signal handler (signal-safety(7)): another thread may
// have held a lock at the fork. Comes back with errno where it cannot become the program.
void become(const char* program, char* const* arguments, char* const* environment, int input, int output,
            pid_t parent) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) {
    ::_exit(0);  // it has vanished already
  }
  sigset_t none{};
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0) {
    return;
  }
  ::execve(program, arguments, environment);
}

}  // namespace

std::string Ending::to_string() const {
  if (!is_signal) {
    return "exit code " + std::to_string(number);
  }
  const char* description = ::sigdescr_np(number);
  return "signal " + std::to_string(number) + (description != nullptr ? " (" + std::string(description) + ")" : "");
}

Process::Process(const Settings& settings) {
  std::vector<std::string> words = settings.words;
  std::vector<std::string> environment = settings.environment;
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> variables = pointers(environment);
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe failure = make_pipe();  // closed by the exec that succeeds
  ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(input.write.get(), F_SETFL, O_NONBLOCK);
  if (::write(input.write.get(), settings.input.data(), settings.input.size()) != std::ssize(settings.input)) {
    throw Exception(Code::resource_exhausted, "the input of " + words.front() + " does not fit into a pipe");
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    throw Exception(Code::resource_exhausted, "fork: " + errno_text(errno));
  }
  if (pid_ == 0) {
    become(words.front().c_str(), arguments.data(), variables.data(), input.read.get(), output.write.get(), parent);
    const int problem = errno;
    [[maybe_unused]] const auto told = ::write(failure.write.get(), &problem, sizeof problem);
    ::_exit(127);
  }
  failure.write.reset();
  int problem = 0;
  ssize_t got = 0;
  while ((got = ::read(failure.read.get(), &problem, sizeof problem)) < 0 && errno == EINTR) {
  }
  if (got != 0) {
    ::waitpid(pid_, nullptr, 0);
    throw Exception(Code::unavailable, "start " + words.front() + ": " + errno_text(problem));
  }
  // glibc 2.36 declares pidfd_open for C alone.
  exit_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  output_ = std::move(output.read);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_(std::move(other.exit_)),
      output_(std::move(other.output_)),
      ending_(other.ending_) {}

Process::~Process() {
  if (pid_ > 0 && !ending_) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Process::signal(int number) const noexcept {
  if (pid_ > 0 && !ending_) {
    ::kill(-pid_, number);
  }
}

void Process::read_output(std::string& into) {
  std::array<char, 16384> buffer{};
  ssize_t got = 0;
  while ((got = ::read(output_.get(), buffer.data(), buffer.size())) > 0 || (got < 0 && errno == EINTR)) {
    into.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
}

std::optional<Ending> Process::ending() {
  if (ending_ || pid_ <= 0) {
    return ending_;
  }
  siginfo_t info{};
  // Not reaped yet, so that the number of the session is still ours.
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
    return std::nullopt;
  }
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ending_ = Ending{.is_signal = info.si_code != CLD_EXITED, .number = info.si_status};
  return ending_;
}

}  // namespace mcdsl::tool
