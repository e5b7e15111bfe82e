// `mcdsl dev` as someone at a terminal has it, with programs that behave and programs that do not.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "mcdsl/base/file.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/temp_dir.h"
#include "tools/mcdsl/dev/process.h"
#include "tools/mcdsl/dev/settings.h"

namespace mcdsl::tool {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// The number behind a text, as the programs here print them.
std::uint64_t number_behind(const std::string& output, std::string_view text) {
  const auto at = output.find(text);
  std::uint64_t number = 0;
  if (at != std::string::npos) {
    std::from_chars(output.data() + at + text.size(), output.data() + output.size(), number);
  }
  return number;
}

bool is_running(std::uint64_t pid) {
  return pid != 0 && ::kill(static_cast<pid_t>(pid), 0) == 0;
}

// A program that runs until it is told to end; what it writes is kept.
class Program {
 public:
  Program(std::vector<std::string> words, const std::vector<std::string>& variables = {}, std::string input = {})
      : process_({.words = std::move(words), .environment = environment_with(variables), .input = std::move(input)}) {}

  const std::string& output() {
    process_.read_output(output_);
    return output_;
  }

  // Whether it writes this within a minute; what it wrote otherwise.
  ::testing::AssertionResult writes(std::string_view text) {
    const bool has_written = testing::eventually([&] { return output().contains(text) || process_.ending(); });
    return has_written && output().contains(text) ? ::testing::AssertionSuccess()
                                                  : ::testing::AssertionFailure() << "no \"" << text << "\" in:\n"
                                                                                  << output_;
  }

  // -1 where it does not end.
  int exit_code() {
    std::optional<Ending> ending;
    if (!testing::eventually([&] { return (ending = process_.ending()).has_value(); })) {
      return -1;
    }
    output();
    return ending->is_signal ? -ending->number : ending->number;
  }

  void signal(int number) { process_.signal(number); }

 private:
  Process process_;
  std::string output_;
};

class DevProcess : public ::testing::Test {
 protected:
  DevProcess() {
    fs::create_directories(program_.parent_path());
    folder_.write("hello/CMakeLists.txt", "# builds hello\n");
  }

  Program dev(std::vector<std::string> options = {}, std::string input = {}) {
    options.insert(options.begin(), {DEV_MCDSL, "dev"});
    if (std::ranges::find(options, "--port") == options.end()) {
      options.insert(options.end(), {"--port", "0"});
    }
    options.push_back(folder_ / "hello");
    return Program(std::move(options), {}, std::move(input));
  }

  // As a linker does: beside it first, so that it is there whole.
  void build(const fs::path& program) {
    fs::copy_file(program, folder_ / "new", fs::copy_options::overwrite_existing);
    fs::rename(folder_ / "new", program_);
  }

  void build_script(std::string_view text) {
    const fs::path script = folder_.write("script", "#!/bin/sh\n" + std::string(text));
    fs::permissions(script, fs::perms::owner_all);
    build(script);
  }

  // A folder with `mcdsl` and, beside it, an mcias-dev that is this script.
  fs::path tool_beside(std::string_view mcias) {
    fs::create_directory(folder_ / "bin");
    fs::copy_file(DEV_MCDSL, folder_ / "bin/mcdsl");
    if (!mcias.empty()) {
      const fs::path script = folder_.write("bin/mcias-dev", "#!/bin/sh\n" + std::string(mcias));
      fs::permissions(script, fs::perms::owner_all);
    }
    return folder_ / "bin/mcdsl";
  }

  // The answer of the service, or of another port, over TLS.
  std::optional<http::Response> ask(std::uint64_t port, const std::string& request) const {
    testing::HttpClient client("127.0.0.1", static_cast<std::uint16_t>(port),
                               {.trusted = read_file(folder_ / "hello/.dev/ca/ca.pem").value()});
    return client.exchange(request);
  }

  testing::TempDir folder_;
  fs::path program_ = folder_ / "hello/build/hello";
};

constexpr std::string_view kReady = "hello is ready at https://localhost:";
constexpr auto kGreet = "GET /hello/world HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_F(DevProcess, RunsAServiceWithTlsAndAccountsAndStopsIt) {
  build(DEV_SERVICE);
  Program run = dev();
  ASSERT_TRUE(run.writes(kReady));
  ASSERT_TRUE(run.writes("Ctrl-C"));
  EXPECT_EQ(ask(number_behind(run.output(), kReady), kGreet)->body, "hello, world\n");

  // The passwords on the screen are those of the identity service.
  const std::string screen = run.output();
  const auto at = screen.find_first_not_of(' ', screen.find("\n    alice ") + 11);
  const std::string login = R"({"username":"alice","password":")" + screen.substr(at, screen.find(' ', at) - at) +
                            R"(","service_name":"hello","tags":[]})";
  const auto answer = ask(number_behind(screen, "url=https://127.0.0.1:"),
                          "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                          "Content-Length: " +
                              std::to_string(login.size()) + "\r\n\r\n" + login);
  EXPECT_EQ(answer->status, 200) << answer->body;

  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0) << run.output();
  EXPECT_TRUE(run.writes("hello has stopped: exit code 0"));
  EXPECT_TRUE(run.writes("all has stopped"));
  EXPECT_EQ(fs::status(folder_ / "hello/.dev").permissions(), fs::perms::owner_all);
}

TEST_F(DevProcess, StartsTheServiceAnewWhenItsProgramChanges) {
  build(DEV_SERVICE);
  Program run = dev();
  ASSERT_TRUE(run.writes(kReady));
  build(DEV_SERVICE);
  EXPECT_TRUE(run.writes("hello has changed"));
  EXPECT_TRUE(run.writes("hello is ready again"));
  EXPECT_EQ(ask(number_behind(run.output(), kReady), kGreet)->status, 200);
  run.signal(SIGTERM);
  EXPECT_EQ(run.exit_code(), 0);
}

TEST_F(DevProcess, ShowsACrashAndWaitsForTheNextBuild) {
  build_script("echo no luck >&2\nkill -SEGV $$\n");
  Program run = dev();
  ASSERT_TRUE(run.writes("hello      | no luck"));
  ASSERT_TRUE(run.writes("hello has ended by itself: signal 11 (Segmentation fault); waiting"));
  build(DEV_SERVICE);
  EXPECT_TRUE(run.writes(kReady));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0);
}

TEST_F(DevProcess, WaitsForTheFirstBuild) {
  fs::remove_all(program_.parent_path());
  Program run = dev();
  ASSERT_TRUE(run.writes("waiting for the first build"));
  fs::create_directories(program_.parent_path());
  build(DEV_SERVICE);
  EXPECT_TRUE(run.writes(kReady));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0);
}

TEST_F(DevProcess, WaitsForNoProgramOfAFolderThatHoldsNoService) {
  fs::remove(folder_ / "hello/CMakeLists.txt");
  Program run = dev();
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("holds no service"));
  EXPECT_FALSE(fs::exists(folder_ / "hello/.dev"));
}

TEST_F(DevProcess, SurvivesThatTheBuildFolderIsRemovedAndMadeAnew) {
  build(DEV_SERVICE);
  Program run = dev();
  ASSERT_TRUE(run.writes(kReady));
  fs::remove_all(program_.parent_path());
  fs::create_directories(program_.parent_path());
  build(DEV_SERVICE);
  EXPECT_TRUE(run.writes("hello is ready again"));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0);
}

TEST_F(DevProcess, KillsAServiceThatIgnoresSigtermAndWhatItHasStarted) {
  build_script("trap '' TERM\nsleep 3600 &\necho child $!\necho pid $$\nwhile :; do wait; done\n");
  Program run = dev({"--patience", "1"});
  ASSERT_TRUE(run.writes("| pid "));
  ASSERT_TRUE(run.writes("\n"));
  const auto pid = number_behind(run.output(), "| pid ");
  const auto child = number_behind(run.output(), "| child ");
  ASSERT_TRUE(is_running(pid));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("hello does not stop: killing it"));
  EXPECT_TRUE(testing::eventually([&] { return !is_running(pid) && !is_running(child); }));
}

TEST_F(DevProcess, EndsAtOnceAtTheSecondSignal) {
  build_script("trap '' TERM\necho pid $$\nwhile :; do sleep 1; done\n");
  Program run = dev({"--patience", "3600"});
  ASSERT_TRUE(run.writes("| pid "));
  run.signal(SIGINT);
  ASSERT_TRUE(run.writes("stopping"));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("killing what still runs"));
}

TEST_F(DevProcess, TakesItsProcessesAlongWhenItIsKilled) {
  build_script("echo pid $$\nwhile :; do sleep 1; done\n");
  Program run = dev();
  ASSERT_TRUE(run.writes("| pid "));
  const auto pid = number_behind(run.output(), "| pid ");
  run.signal(SIGKILL);
  EXPECT_EQ(run.exit_code(), -SIGKILL);
  EXPECT_TRUE(testing::eventually([&] { return !is_running(pid); }));
}

TEST_F(DevProcess, SaysThatAProgramIsNoneAndWaits) {
  build_script("");
  std::ofstream(program_) << "#!/nowhere/interpreter\n";
  Program run = dev();
  EXPECT_TRUE(run.writes("No such file or directory; waiting for the next build"));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0) << run.output();
}

TEST_F(DevProcess, StopsWhileItIsBeginning) {
  Program run({tool_beside("echo pid $$ >" + (folder_ / "pid").string() + "\nexec sleep 3600\n"), "dev", "--port", "0",
               folder_ / "hello"});
  std::string text;
  ASSERT_TRUE(testing::eventually([&] { return (text = read_file(folder_ / "pid").value_or("")).ends_with('\n'); }));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("stopped before everything was up"));
  EXPECT_TRUE(testing::eventually([&] { return !is_running(number_behind(text, "pid ")); }));
}

TEST_F(DevProcess, FailsWhereTheIdentityServiceIsMissing) {
  Program run({tool_beside(""), "dev", "--port", "0", folder_ / "hello"}, {"PATH=/nowhere"});
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("there is no mcias-dev"));
}

TEST_F(DevProcess, FailsWhereTheIdentityServiceDoesNotStart) {
  Program run({tool_beside("[ \"$1\" = user ] || exit 7\n"), "dev", "--port", "0", folder_ / "hello"});
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("mcias-dev did not start: exit code 7"));
}

TEST_F(DevProcess, FailsWhereAnAccountCannotBeMade) {
  Program run({tool_beside("echo the disk is full\nexit 1\n"), "dev", "--port", "0", folder_ / "hello"});
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("the disk is full"));
}

TEST_F(DevProcess, RefusesAPortThatIsInUse) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  Program run = dev({"--port", std::to_string(ntohs(address.sin_port))});
  EXPECT_EQ(run.exit_code(), 1);
  EXPECT_THAT(run.output(), HasSubstr("is in use"));
}

TEST_F(DevProcess, RefusesAFolderThatAnotherOneRunsIn) {
  build(DEV_SERVICE);
  Program run = dev();
  ASSERT_TRUE(run.writes(kReady));
  Program other = dev();
  EXPECT_EQ(other.exit_code(), 1);
  EXPECT_THAT(other.output(), HasSubstr("another mcdsl dev runs in"));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0);
}

TEST_F(DevProcess, TakesAccountsAndKeepsGivenPasswordsToItself) {
  build(DEV_SERVICE);
  Program run = dev({"--accounts", "-"}, "# name roles password\ncarol user,editor correct horse\ndave guest\n");
  EXPECT_FALSE(run.writes(kReady)) << "editor is no role of mcias-dev";
  Program second = dev({"--accounts", "-"}, "carol user correct horse\ndave guest\n");
  ASSERT_TRUE(second.writes(kReady));
  ASSERT_TRUE(second.writes("dave"));
  EXPECT_THAT(second.output(), Not(HasSubstr("correct horse")));
  second.signal(SIGINT);
  EXPECT_EQ(second.exit_code(), 0);
}

TEST_F(DevProcess, PutsAProxyInFront) {
  build(DEV_SERVICE);
  for (const std::string mode : {"--proxy", "--proxy-protocol"}) {
    Program run = dev({mode, "--sso"});
    ASSERT_TRUE(run.writes(kReady)) << mode;
    EXPECT_EQ(ask(number_behind(run.output(), kReady), kGreet)->body, "hello, world\n") << mode;
    run.signal(SIGINT);
    EXPECT_EQ(run.exit_code(), 0) << mode;
  }
}

TEST_F(DevProcess, TellsAServiceWithAFileOfItsOwnTheRestByVariables) {
  build(DEV_SERVICE);
  folder_.write("hello/hello.dev.toml", "[log]\nformat = \"json\"\n");
  Program run = dev();
  ASSERT_TRUE(run.writes(kReady));
  EXPECT_TRUE(run.writes(R"(hello      | {"time":)"));
  run.signal(SIGINT);
  EXPECT_EQ(run.exit_code(), 0);
}

}  // namespace
}  // namespace mcdsl::tool
