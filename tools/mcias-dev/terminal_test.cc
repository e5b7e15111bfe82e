#include "tools/mcias-dev/terminal.h"

#include <array>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"

namespace mcias {
namespace {

// A terminal whose far end is the test's: what a person sees and types.
struct Terminal {
  Terminal() {
    int person_fd = -1;
    int program_fd = -1;
    if (::openpty(&person_fd, &program_fd, nullptr, nullptr, nullptr) != 0) {
      throw std::runtime_error("openpty: " + mcdsl::errno_text(errno));
    }
    person.reset(person_fd);
    program.reset(program_fd);
  }

  void type(std::string_view text) const {
    ASSERT_EQ(::write(person.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // What the screen shows up to and with this text.
  [[nodiscard]] std::string seen_until(std::string_view end) const {
    std::string seen;
    while (!seen.ends_with(end)) {
      std::array<char, 256> chunk{};
      const ssize_t count = ::read(person.get(), chunk.data(), chunk.size());
      if (count <= 0) {
        break;
      }
      seen.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return seen;
  }

  [[nodiscard]] bool echoes() const {
    termios state{};
    return ::tcgetattr(program.get(), &state) == 0 && (state.c_lflag & ECHO) != 0;
  }

  mcdsl::UniqueFd person;
  mcdsl::UniqueFd program;
};

TEST(ReadHiddenLine, ShowsThePromptAndNotWhatIsTyped) {
  const Terminal terminal;
  ASSERT_TRUE(terminal.echoes());
  std::string seen;
  std::jthread person([&] {
    seen = terminal.seen_until("Password: ");
    terminal.type("correct horse\n");
    seen += terminal.seen_until("\n");
  });
  const auto password = read_hidden_line(terminal.program.get(), "Password: ");
  person.join();
  EXPECT_EQ(password.reveal(), "correct horse");
  EXPECT_EQ(seen, "Password: \r\n");
  EXPECT_TRUE(terminal.echoes()) << "the terminal is as it was";
}

TEST(ReadHiddenLine, RestoresTheTerminalWhenItEndsEarly) {
  const Terminal terminal;
  std::jthread person([&] {
    (void)terminal.seen_until("Password: ");
    terminal.type("\x04");  // end of file
  });
  EXPECT_THROW((void)read_hidden_line(terminal.program.get(), "Password: "), mcdsl::Exception);
  EXPECT_TRUE(terminal.echoes());
}

TEST(ReadHiddenLine, RefusesWhatIsNoTerminal) {
  const mcdsl::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_THROW((void)read_hidden_line(null.get(), "Password: "), mcdsl::Exception);
}

}  // namespace
}  // namespace mcias
