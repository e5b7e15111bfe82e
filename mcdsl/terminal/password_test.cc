#include "mcdsl/terminal/password.h"

#include <array>
#include <csignal>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::terminal {
namespace {

constexpr std::string_view kPrompt = "Password: ";

// A terminal whose far end is the test's: what a person sees and types.
struct Terminal {
  Terminal() : person(::posix_openpt(O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    std::array<char, 64> path{};
    if (!person || ::grantpt(person.get()) != 0 || ::unlockpt(person.get()) != 0 ||
        ::ptsname_r(person.get(), path.data(), path.size()) != 0) {
      throw std::runtime_error("pty: " + errno_text(errno));
    }
    name = path.data();
    program.reset(::open(path.data(), O_RDWR | O_CLOEXEC | O_NOCTTY));
  }

  void type(std::string_view text) const {
    ASSERT_EQ(::write(person.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // What the screen shows up to and with this text.
  [[nodiscard]] std::string seen_until(std::string_view end) const {
    std::string seen;
    while (!seen.ends_with(end)) {
      char c = '\0';
      if (::read(person.get(), &c, 1) != 1) {
        break;
      }
      seen.push_back(c);
    }
    return seen;
  }

  [[nodiscard]] bool echoes() const {
    termios state{};
    return ::tcgetattr(program.get(), &state) == 0 && (state.c_lflag & ECHO) != 0;
  }

  UniqueFd person;
  UniqueFd program;  // also keeps the terminal's state when a child that had it has ended
  std::string name;
};

// Asks on /dev/tty; the exit code says what came of it.
int ask() {
  try {
    return read_password(kPrompt).reveal() == "correct horse" ? 0 : 1;
  } catch (const Exception& refusal) {
    return refusal.error().code() == Code::cancelled ? 2 : 3;
  }
}

// Has the calling process lead a session on this terminal.
void take_terminal(const Terminal& terminal) {
  ::setsid();
  const int fd = ::open(terminal.name.c_str(), O_RDWR);
  ::ioctl(fd, TIOCSCTTY, 0);
}

// A process of its own with the terminal, as a shell would start it.
template <class F>
pid_t start(const Terminal& terminal, F run) {
  const pid_t child = ::fork();
  if (child == 0) {
    take_terminal(terminal);
    ::_exit(run());
  }
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

TEST(ReadPassword, ShowsThePromptAndNotWhatIsTyped) {
  const Terminal terminal;
  ASSERT_TRUE(terminal.echoes());
  std::string seen;
  std::jthread person([&] {
    seen = terminal.seen_until(kPrompt);
    terminal.type("correct horse\n");
    seen += terminal.seen_until("\n");
  });
  const auto password = read_password(terminal.program.get(), kPrompt);
  person.join();
  EXPECT_EQ(password.reveal(), "correct horse");
  EXPECT_EQ(seen, "Password: \r\n");
  EXPECT_TRUE(terminal.echoes()) << "the terminal is as it was";
}

TEST(ReadPassword, RestoresTheTerminalWhenItEndsEarly) {
  const Terminal terminal;
  std::jthread person([&] {
    (void)terminal.seen_until(kPrompt);
    terminal.type("\x04");  // end of file
  });
  EXPECT_THROW((void)read_password(terminal.program.get(), kPrompt), Exception);
  EXPECT_TRUE(terminal.echoes());
}

TEST(ReadPassword, RefusesWhatIsNoTerminal) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_THROW((void)read_password(null.get(), kPrompt), Exception);
  EXPECT_THROW((void)read_password(-1, kPrompt), Exception);
}

TEST(ReadPassword, AsksOnTheTerminalOfTheProcessWhateverItsStreamsAre) {
  const Terminal terminal;
  const pid_t child = start(terminal, [] {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    return ask();
  });
  EXPECT_EQ(terminal.seen_until(kPrompt), kPrompt);
  terminal.type("correct horse\n");
  EXPECT_EQ(status_of(child), 0);
}

TEST(ReadPassword, RefusesAProcessWithoutATerminal) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();  // has none from here on
    ::_exit(ask());
  }
  EXPECT_EQ(WEXITSTATUS(status_of(child)), 3);
}

TEST(ReadPassword, RestoresTheTerminalBeforeASignalEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM}) {
    const Terminal terminal;
    const pid_t child = start(terminal, [] {
      const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      return ask();
    });
    (void)terminal.seen_until(kPrompt);
    EXPECT_FALSE(terminal.echoes());
    if (signal == SIGINT) {
      terminal.type("corr\x03");  // Ctrl-C
    } else {
      ::kill(child, signal);
    }
    const int status = status_of(child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == signal) << signal << ": " << status;
    EXPECT_TRUE(terminal.echoes()) << signal;
  }
}

TEST(ReadPassword, GivesUpWhenTheProcessHasAHandlerOfItsOwn) {
  static volatile std::sig_atomic_t handled = 0;
  const Terminal terminal;
  const pid_t child = start(terminal, [] {
    std::signal(SIGTERM, [](int) { handled = 10; });
    return ask() + handled;
  });
  (void)terminal.seen_until(kPrompt);
  ::kill(child, SIGTERM);
  EXPECT_EQ(WEXITSTATUS(status_of(child)), 12) << "its handler ran once, and the prompt was cancelled";
  EXPECT_TRUE(terminal.echoes());
}

TEST(ReadPassword, LeavesIgnoredSignalsAlone) {
  const Terminal terminal;
  const pid_t child = start(terminal, [] {
    std::signal(SIGHUP, SIG_IGN);
    return ask();
  });
  (void)terminal.seen_until(kPrompt);
  ::kill(child, SIGHUP);
  terminal.type("correct horse\n");
  EXPECT_EQ(status_of(child), 0);
}

// Job control wants a shell between the terminal and the program: a stop without a parent in the session has no effect.
TEST(ReadPassword, RestoresTheTerminalWhileTheProcessIsStoppedAndAsksAgain) {
  const Terminal terminal;
  const pid_t shell = start(terminal, [] {
    std::signal(SIGTTOU, SIG_IGN);
    const pid_t program = ::fork();
    if (program == 0) {
      ::setpgid(0, 0);
      ::tcsetpgrp(::open("/dev/tty", O_RDWR), ::getpid());
      std::signal(SIGTTOU, SIG_DFL);
      ::_exit(ask());
    }
    int status = 0;
    ::waitpid(program, &status, WUNTRACED);
    termios state{};
    const bool stopped = WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP;
    const bool echoes = ::tcgetattr(::open("/dev/tty", O_RDWR), &state) == 0 && (state.c_lflag & ECHO) != 0;
    ::kill(program, SIGCONT);
    ::waitpid(program, &status, 0);
    return (stopped ? 0 : 10) + (echoes ? 0 : 20) + (WIFEXITED(status) ? WEXITSTATUS(status) : 40);
  });
  (void)terminal.seen_until(kPrompt);
  terminal.type("corr\x1A");  // Ctrl-Z
  (void)terminal.seen_until(kPrompt);
  EXPECT_FALSE(terminal.echoes());
  terminal.type("correct horse\n");
  EXPECT_EQ(WEXITSTATUS(status_of(shell)), 0);
}

TEST(ReadPasswordLine, ReadsOneLineAndNotAByteMore) {
  const testing::TempDir folder;
  const UniqueFd file(::open(folder.write("input", "correct horse\nmore").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_password_line(file.get()).reveal(), "correct horse");
  EXPECT_EQ(read_password_line(file.get()).reveal(), "more") << "the last line may have no end";
  EXPECT_THROW((void)read_password_line(file.get()), Exception);
}

TEST(ReadPasswordLine, RefusesALineWithoutEnd) {
  const testing::TempDir folder;
  const auto path = folder.write("input", std::string(4095, 'x') + "\n" + std::string(4096, 'x'));
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_password_line(file.get()).reveal().size(), 4095U);
  EXPECT_THROW((void)read_password_line(file.get()), Exception);
}

TEST(ReadPasswordFile, RefusesAFileThatOthersMayRead) {
  const testing::TempDir folder;
  const auto path = folder.write("password", "correct horse\n");
  for (const auto& [mode, good] : {std::pair(0600, true), {0400, true}, {0640, false}, {0604, false}, {0620, false}}) {
    ASSERT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
    try {
      EXPECT_EQ(read_password_file(path).reveal(), "correct horse");
      EXPECT_TRUE(good) << mode;
    } catch (const Exception& refusal) {
      EXPECT_FALSE(good) << mode;
      EXPECT_EQ(refusal.error().code(), Code::failed_precondition);
      EXPECT_TRUE(refusal.error().message().contains("chmod 600 " + path.string()));
    }
  }
}

TEST(ReadPasswordFile, NamesTheFileThatHoldsNothing) {
  const testing::TempDir folder;
  const auto empty = folder.write("empty", "");
  ::chmod(empty.c_str(), S_IRUSR);
  for (const auto& path : {folder / "missing", empty}) {
    try {
      (void)read_password_file(path);
      ADD_FAILURE() << path;
    } catch (const Exception& refusal) {
      EXPECT_TRUE(std::string(refusal.what()).contains(path.string())) << refusal.what();
    }
  }
}

}  // namespace
}  // namespace mcdsl::terminal
