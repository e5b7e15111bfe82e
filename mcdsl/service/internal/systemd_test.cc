#include "mcdsl/service/internal/systemd.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr int kFirst = 200;  // free in a test

config::Environment with_sockets(const std::string& count, const std::string& names = "") {
  config::Environment environment{{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", count}};
  if (!names.empty()) {
    environment.emplace("LISTEN_FDNAMES", names);
  }
  return environment;
}

std::string refusal_of(const config::Environment& environment) {
  try {
    const auto taken = take_activated_sockets(environment, kFirst);
  } catch (const Exception& problem) {
    EXPECT_EQ(problem.error().code(), Code::failed_precondition);
    return problem.what();
  }
  ADD_FAILURE() << "it was taken";
  return {};
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Activation, TakesEachSocketWithItsNameAndKeepsItFromChildren) {
  for (int fd = kFirst; fd < kFirst + 3; ++fd) {
    ASSERT_EQ(::dup2(STDERR_FILENO, fd), fd);
  }
  {
    const auto sockets = take_activated_sockets(with_sockets("3", "server::admin"), kFirst);
    ASSERT_EQ(sockets.size(), 3U);
    EXPECT_EQ(sockets[0].name, "server");
    EXPECT_EQ(sockets[1].name, "");
    EXPECT_EQ(sockets[2].name, "admin");
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(sockets[static_cast<std::size_t>(i)].socket.get(), kFirst + i);
      EXPECT_EQ(::fcntl(kFirst + i, F_GETFD), FD_CLOEXEC);
    }
  }
  EXPECT_FALSE(is_open(kFirst));
}

TEST(Activation, CallsASocketUnknownThatNobodyNamed) {
  ASSERT_EQ(::dup2(STDERR_FILENO, kFirst), kFirst);
  const auto sockets = take_activated_sockets(with_sockets("1"), kFirst);
  ASSERT_EQ(sockets.size(), 1U);
  EXPECT_EQ(sockets[0].name, "unknown");
}

TEST(Activation, IsNoneOfThisProcessWhereTheVariablesAreOfAnother) {
  ASSERT_EQ(::dup2(STDERR_FILENO, kFirst), kFirst);
  EXPECT_TRUE(take_activated_sockets({}, kFirst).empty());
  EXPECT_TRUE(take_activated_sockets({{"LISTEN_FDS", "1"}}, kFirst).empty());
  EXPECT_TRUE(take_activated_sockets({{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}, kFirst).empty());
  EXPECT_TRUE(take_activated_sockets({{"LISTEN_FDS", "1"}, {"LISTEN_PID", "me"}}, kFirst).empty());
  EXPECT_TRUE(take_activated_sockets(with_sockets("0"), kFirst).empty());
  EXPECT_TRUE(is_open(kFirst));
  ::close(kFirst);
}

TEST(Activation, RefusesVariablesThatContradictEachOther) {
  EXPECT_THAT(refusal_of(with_sockets("many")), HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(refusal_of(with_sockets("-1")), HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(refusal_of(with_sockets("99999999999")), HasSubstr("LISTEN_FDS"));
  EXPECT_THAT(refusal_of(with_sockets("1", "a:b")), HasSubstr("LISTEN_FDNAMES has 2 names for 1 sockets"));
}

TEST(Activation, RefusesADescriptorThatIsNotThereAndClosesNone) {
  ASSERT_EQ(::dup2(STDERR_FILENO, kFirst), kFirst);
  EXPECT_THAT(refusal_of(with_sockets("2", "a:b")), HasSubstr("descriptor 201 (\"b\")"));
  EXPECT_TRUE(is_open(kFirst));
  ::close(kFirst);
}

// What a manager hears at a path, or at an abstract name where it begins with '@'.
class Ear {
 public:
  explicit Ear(std::string address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (address.front() == '@') {
      address.front() = '\0';
    }
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size())),
              0);
  }

  // Datagrams of one machine arrive before their sender goes on.
  [[nodiscard]] std::string hear() const {
    std::array<char, 256> text{};
    const auto count = ::recv(socket_.get(), text.data(), text.size(), 0);
    return count < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(count));
  }

 private:
  UniqueFd socket_;
};

TEST(Notifier, SaysHowTheServiceIs) {
  const testing::TempDir folder;
  for (const std::string& address :
       {(folder / "notify").string(), "@mcdsl-notify-test-" + std::to_string(::getpid())}) {
    const Ear manager(address);
    const Notifier notifier({{"NOTIFY_SOCKET", address}});
    notifier.ready("serving");
    EXPECT_EQ(manager.hear(), "READY=1\nSTATUS=serving");
    notifier.reloading();
    EXPECT_THAT(manager.hear(), ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    notifier.stopping(1500ms);
    EXPECT_EQ(manager.hear(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000");
    notifier.ping();
    EXPECT_EQ(manager.hear(), "WATCHDOG=1");
  }
}

TEST(Notifier, SaysNothingWhereNobodyListens) {
  for (const std::string& address : {std::string(), std::string("relative"), std::string("/no/such/socket"),
                                     "/" + std::string(200, 'x'), std::string("vsock:2:1")}) {
    EXPECT_NO_THROW(Notifier({{"NOTIFY_SOCKET", address}}).ready("serving")) << address;
  }
}

std::optional<std::chrono::nanoseconds> interval(const config::Environment& environment) {
  return Notifier(environment).ping_interval();
}

TEST(Notifier, PingsTwiceAsOftenAsItIsWatched) {
  const std::string own = std::to_string(::getpid());
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "3000000"}}), 1500ms);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", own}}), 1500ms);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "soon"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "0"}}), std::nullopt);
  EXPECT_EQ(interval({}), std::nullopt);
}

}  // namespace
}  // namespace mcdsl::internal
