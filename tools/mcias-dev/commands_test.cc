#include "tools/mcias-dev/commands.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/mcias-dev/test_server.h"
#include "tools/mcias-dev/totp.h"

namespace mcias {
namespace {

using mcdsl::Secret;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

constexpr std::string_view kPassword = "correct horse";

// What became of a command.
struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// The command line beside a server that runs on the same database.
class CommandsTest : public testing::Test {
 protected:
  using Command = int (*)(std::span<const std::string>, const Config&, const Console&);

  Outcome run(Command command, const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const Console console{.out = out,
                          .err = err,
                          .ask_password = [this](std::string_view) { return Secret(typed_.at(prompts_++)); },
                          .read_line = [&] { return next_line(in); },
                          .clock = server_.clock};
    Outcome outcome;
    try {
      outcome.exit_code = command(arguments, server_.config, console);
    } catch (const mcdsl::Exception& problem) {
      outcome.err = problem.what();
    }
    outcome.out = out.str();
    outcome.err += err.str();
    return outcome;
  }
  static Secret next_line(std::istream& in) {
    std::string line;
    if (!std::getline(in, line)) {
      throw mcdsl::Exception(mcdsl::Code::invalid_argument, "standard input ended");
    }
    return Secret(line);
  }
  Outcome user(const std::vector<std::string>& arguments, const std::string& input = {}) {
    return run(run_user_command, arguments, input);
  }
  Outcome token(const std::vector<std::string>& arguments) { return run(run_token_command, arguments); }

  Account find(std::string_view username) { return server_.store.find(username).value(); }

  TestServer server_;
  std::vector<std::string> typed_;  // what a person types at each prompt
  std::size_t prompts_ = 0;
};

TEST_F(CommandsTest, AddAUserWithThePasswordOfStandardInput) {
  const Outcome added = user({"add", "--role", "admin", "--role", "user", "Alice", "--password-stdin"},
                             std::string(kPassword) + "\nsecond line");
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(added.out, "added alice (human, roles admin,user)\n");
  EXPECT_THAT(find("alice").roles, ElementsAre("admin", "user"));
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
}

TEST_F(CommandsTest, TakeThePasswordOfAFileThatNobodyElseMayRead) {
  const auto path = server_.folder.write("password", std::string(kPassword) + "\n");
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_THAT(user({"add", "alice", "--password-file", path}).err, HasSubstr("chmod 600"));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ(user({"add", "alice", "--password-file", path, "--password-stdin"}, "battery staple\n").exit_code, 64);
  EXPECT_EQ(user({"add", "alice", "--password-file", path}).exit_code, 0);
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
  EXPECT_THAT(user({"add", "robot", "--system", "--password-file", path}).err, HasSubstr("has no password"));
}

TEST_F(CommandsTest, AskForThePasswordTwiceWhereThereIsATerminal) {
  typed_ = {"correct horse", "correct horse"};
  EXPECT_EQ(user({"add", "alice"}).exit_code, 0);
  EXPECT_EQ(prompts_, 2U);
  EXPECT_THAT(find("alice").roles, ElementsAre("user"));

  typed_ = {"correct horse", "correct horse", "correct house", "correct mouse"};
  EXPECT_THAT(user({"passwd", "alice"}).err, HasSubstr("the two passwords differ"));
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
}

TEST_F(CommandsTest, RefusePasswordsThatAreTooShortOrLong) {
  EXPECT_THAT(user({"add", "alice", "--password-stdin"}, "seven77\n").err, HasSubstr("8 to 1024 bytes"));
  EXPECT_THAT(user({"add", "alice", "--password-stdin"}, std::string(1025, 'x')).err, HasSubstr("8 to 1024 bytes"));
  EXPECT_THAT(user({"add", "alice", "--password-stdin"}).err, HasSubstr("standard input ended"));
  EXPECT_EQ(server_.store.list().size(), 0U);
}

TEST_F(CommandsTest, RefuseBadNamesAndRoles) {
  EXPECT_THAT(user({"add", "a b", "--password-stdin"}, "correct horse\n").err, HasSubstr("a user name is"));
  EXPECT_THAT(user({"add", "alice", "--role", "root", "--password-stdin"}, "correct horse\n").err,
              HasSubstr("no role \"root\""));
  EXPECT_THAT(user({"add", "robot", "--system", "--role", "admin"}).err, HasSubstr("carries no role"));
  EXPECT_THAT(user({"add", "robot", "--system", "--password-stdin"}, "correct horse\n").err,
              HasSubstr("has no password"));
  EXPECT_EQ(server_.store.list().size(), 0U);
}

TEST_F(CommandsTest, ChangeAPasswordWhichRevokesTokensAtOnce) {
  server_.add_user("alice", kPassword);
  const std::string token = server_.token_of("alice", kPassword);
  EXPECT_EQ(user({"passwd", "alice", "--password-stdin"}, "battery staple\n").exit_code, 0);
  EXPECT_FALSE(server_.is_valid(token));
  EXPECT_EQ(server_.login("alice", kPassword).status, 401);
  EXPECT_EQ(server_.login("alice", "battery staple").status, 200);
}

TEST_F(CommandsTest, DisableAndEnableAnAccount) {
  server_.add_user("alice", kPassword);
  const std::string token = server_.token_of("alice", kPassword);
  EXPECT_EQ(user({"disable", "alice"}).exit_code, 0);
  EXPECT_FALSE(server_.is_valid(token));
  EXPECT_EQ(server_.login("alice", kPassword).status, 401);
  EXPECT_EQ(user({"enable", "alice"}).exit_code, 0);
  EXPECT_FALSE(server_.is_valid(token)) << "what was revoked stays so";
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
}

TEST_F(CommandsTest, SetRoles) {
  server_.add_user("alice", kPassword, {"admin"});
  EXPECT_EQ(user({"role", "alice", "user", "guest"}).exit_code, 0);
  EXPECT_THAT(find("alice").roles, ElementsAre("user", "guest"));
  EXPECT_THAT(user({"role", "alice", "emperor"}).err, HasSubstr("no role \"emperor\""));
}

TEST_F(CommandsTest, ListAccounts) {
  const Account alice = server_.add_user("alice", kPassword, {"admin", "user"});
  server_.add_system("robot");
  ASSERT_EQ(user({"disable", "robot"}).exit_code, 0);
  const Outcome listed = user({"list"});
  EXPECT_THAT(listed.out, HasSubstr("alice\thuman\tadmin,user\tenabled\t2026-01-01T00:00:00Z\t" + alice.id + "\n"));
  EXPECT_THAT(listed.out, HasSubstr("robot\tsystem\t-\tdisabled\t"));
  EXPECT_THAT(listed.out, Not(HasSubstr("argon2")));
}

TEST_F(CommandsTest, IssueTokensToSystemAccounts) {
  EXPECT_EQ(user({"add", "robot", "--system"}).exit_code, 0);
  EXPECT_THAT(find("robot").roles, IsEmpty());
  const Outcome issued = token({"issue", "robot"});
  ASSERT_EQ(issued.exit_code, 0) << issued.err;
  ASSERT_THAT(issued.out, MatchesRegex("[^\n ]+\n"));
  const std::string text = issued.out.substr(0, issued.out.size() - 1);
  EXPECT_TRUE(server_.is_valid(text)) << "signed with the key of the server";
  EXPECT_EQ(user({"disable", "robot"}).exit_code, 0);
  EXPECT_FALSE(server_.is_valid(text));
}

// The app is on a telephone: what it shows follows from what the command has printed.
class App {
 public:
  explicit App(const mcdsl::Clock& clock) : clock_(clock) {}
  [[nodiscard]] std::string code_for(std::string_view screen) const {
    const auto at = screen.find("secret=") + 7;
    const std::string_view text = screen.substr(at, screen.find('&', at) - at);
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
      bits = (bits << 5U) | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
      count += 5;
      if (count >= 8) {
        count -= 8;
        bytes.push_back(static_cast<char>((bits >> count) & 0xFFU));
      }
    }
    return totp_code(Secret(bytes), totp_step(clock_.now()));
  }

 private:
  const mcdsl::Clock& clock_;
};

TEST_F(CommandsTest, EnrollASecondFactorOnceItsAppHasProvenItself) {
  server_.add_user("alice", kPassword);
  const std::string token = server_.token_of("alice", kPassword);
  const App app(server_.clock);
  std::ostringstream out;
  std::string typed = "000000";
  const Console console{.out = out,
                        .err = out,
                        .ask_password = {},
                        .read_line = [&] { return Secret(typed.empty() ? app.code_for(out.str()) : typed); },
                        .clock = server_.clock};
  const std::vector<std::string> enroll{"enroll", "Alice"};
  EXPECT_THROW((void)run_totp_command(enroll, server_.config, console), mcdsl::Exception);
  EXPECT_EQ(server_.login("alice", kPassword).status, 200) << "nothing has changed";

  out.str("");
  typed.clear();
  ASSERT_EQ(run_totp_command(enroll, server_.config, console), 0);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("█▀"), HasSubstr("otpauth://totp/mcias-dev:alice?secret=")));
  EXPECT_FALSE(server_.is_valid(token));
  EXPECT_EQ(server_.login("alice", kPassword).status, 401);
  EXPECT_EQ(server_.store.totp_of(find("alice").id)->last_step, totp_step(server_.clock.now()))
      << "the first code is used up";

  const Outcome disabled = run(run_totp_command, {"disable", "alice"});
  EXPECT_EQ(disabled.out, "alice logs in without a code; its tokens are revoked\n");
  EXPECT_EQ(server_.login("alice", kPassword).status, 200);
}

TEST_F(CommandsTest, ShowNoSecretForAnAccountThatCannotHaveOne) {
  server_.add_system("robot");
  for (const std::string name : {"robot", "nobody"}) {
    const Outcome refused = run(run_totp_command, {"enroll", name});
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err, "");
  }
  EXPECT_EQ(run(run_totp_command, {"disable"}).exit_code, 64);
}

TEST_F(CommandsTest, NameTheAccountThatIsNotThere) {
  EXPECT_THAT(user({"disable", "nobody"}).err, HasSubstr("there is no account \"nobody\""));
  EXPECT_THAT(token({"issue", "nobody"}).err, HasSubstr("there is no account \"nobody\""));
}

TEST_F(CommandsTest, ExplainAWrongCommandLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"ad"}, {"add"}, {"add", "alice", "--password", "hunter2"}, {"role", "alice"}}) {
    const Outcome outcome = user(arguments);
    EXPECT_EQ(outcome.exit_code, 64);
    EXPECT_NE(outcome.err, "");
  }
  EXPECT_EQ(token({"issue"}).exit_code, 64);
  EXPECT_EQ(user({"--help"}).exit_code, 0);
  EXPECT_THAT(user({"--help"}).out, HasSubstr("passwd"));
}

TEST_F(CommandsTest, WorkBeforeTheServerEverRan) {
  const mcdsl::testing::TempDir fresh;
  server_.config.database.path = fresh / "mcias-dev.db";
  EXPECT_EQ(user({"add", "alice", "--password-stdin"}, "correct horse\n").exit_code, 0);
  EXPECT_THAT(user({"list"}).out, HasSubstr("alice\t"));
}

}  // namespace
}  // namespace mcias
