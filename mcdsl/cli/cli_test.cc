#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/cli/cli_for_test.h"
#include "mcdsl/cli/program.h"

namespace mcdsl::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Runs command lines of the sample program and keeps what its commands were given.
class CommandLine : public ::testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  Outcome run(const std::vector<std::string>& words) {
    command_.clear();
    std::ostringstream out;
    std::ostringstream err;
    const Program program = notes_program([this](const std::string& command, const Values& values) {
      command_ = command;
      values_ = values;
      return 7;
    });
    const int code = cli::run(program, words, out, err);
    return {code, out.str(), err.str()};
  }

  std::string refusal(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, kUsage);
    EXPECT_EQ(command_, "");
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }

  std::string command_;  // that ran; empty where none did
  Values values_;
};

TEST_F(CommandLine, RunsTheCommandThatTheWordsNameAndReturnsItsCode) {
  EXPECT_EQ(run({"server"}).code, 7);
  EXPECT_EQ(command_, "server");
  run({"migrate", "plan"});
  EXPECT_EQ(command_, "migrate plan");
}

TEST_F(CommandLine, RunsAGroupThatIsACommandItself) {
  run({"migrate"});
  EXPECT_EQ(command_, "migrate");
}

TEST_F(CommandLine, GivesOptionsAndArguments) {
  run({"ca", "issue", "mcq.example.org", "--days", "90", "--key=p384", "127.0.0.1", "--ca", "x", "--force", "::1"});
  ASSERT_EQ(command_, "ca issue");
  EXPECT_THAT(values_.all("NAME"), ElementsAre("mcq.example.org", "127.0.0.1", "::1"));
  EXPECT_EQ(values_.number("days", 30), 90);
  EXPECT_EQ(values_.text("key", "p256"), "p384");
  EXPECT_TRUE(values_.has("force"));
  EXPECT_FALSE(values_.has("out"));
  EXPECT_EQ(values_.text("out", "here"), "here");
  EXPECT_EQ(values_.number("nothing", 30), 30);
}

TEST_F(CommandLine, KeepsRepeatedOptionsInTheirOrderAndAsTheyAre) {
  run({"ca", "issue", "--ca", "x", "--tag", "b", "--tag", "[a,b]", "--tag", "", "name"});
  EXPECT_THAT(values_.all("tag"), ElementsAre("b", "[a,b]", ""));
  EXPECT_THAT(values_.all("NAME"), ElementsAre("name"));
}

TEST_F(CommandLine, TakesTheProgramsOptionsAnywhere) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--config", "x.toml", "migrate", "plan"},
                                                {"migrate", "--config", "x.toml", "plan"},
                                                {"migrate", "plan", "--config", "x.toml"},
                                                {"migrate", "plan", "--config=x.toml"}}) {
    run(words);
    EXPECT_EQ(command_, "migrate plan");
    EXPECT_EQ(values_.text("config"), "x.toml");
  }
}

TEST_F(CommandLine, TakesWhatFollowsTwoDashesAsArguments) {
  run({"ca", "issue", "--ca", "x", "--", "--force"});
  EXPECT_THAT(values_.all("NAME"), ElementsAre("--force"));
  EXPECT_FALSE(values_.has("force"));
}

TEST_F(CommandLine, LeavesTheWordsOfACommandThatReadsThemItselfAsTheyAre) {
  run({"tag", "-h", "--help", "server", "--config", "x.toml", "++", "", "--", "--config", "y"});
  EXPECT_EQ(command_, "tag");
  EXPECT_THAT(values_.words(), ElementsAre("-h", "--help", "server", "++", "", "--", "--config", "y"));
  EXPECT_EQ(values_.text("config"), "x.toml");
  EXPECT_THAT(refusal({"tag", "--config"}), HasSubstr("config"));
}

TEST_F(CommandLine, SaysWhatIsWrongAndWhatMayHaveBeenMeant) {
  EXPECT_THAT(refusal({}), HasSubstr("see notes --help\n"));
  EXPECT_EQ(refusal({"sevrer"}), "notes: unknown command \"sevrer\"; did you mean \"server\"?; see notes --help\n");
  EXPECT_EQ(refusal({"migrate", "paln"}),
            "notes: unknown command \"paln\"; did you mean \"plan\"?; see notes migrate --help\n");
  EXPECT_EQ(refusal({"dance"}), "notes: unknown command \"dance\"; see notes --help\n");
  EXPECT_THAT(refusal({"server", "--confg", "x"}), HasSubstr("unknown option \"--confg\"; did you mean \"--config\"?"));
  EXPECT_THAT(refusal({"server", "more"}), HasSubstr("more"));
  EXPECT_THAT(refusal({"ca"}), HasSubstr("see notes ca --help"));
}

TEST_F(CommandLine, RefusesValuesThatAreNone) {
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", "x", "--days", "many"}), HasSubstr("\"many\" is no whole number"));
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", "x", "--days", "9z"}), HasSubstr("\"9z\" is no whole number"));
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", "x", "--key", "rsa"}), HasSubstr("\"rsa\" is none of p256, p384"));
  EXPECT_THAT(refusal({"ca", "show", "x", "html"}), HasSubstr("\"html\" is none of text, pem"));
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", ""}), HasSubstr("an empty path"));
  EXPECT_THAT(refusal({"ca", "issue", "a"}), HasSubstr("--ca"));
  EXPECT_THAT(refusal({"ca", "issue", "--ca", "x"}), HasSubstr("NAME"));
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", "x", "--days"}), HasSubstr("--days"));
  EXPECT_THAT(refusal({"ca", "issue", "a", "--ca", "x", "--days", "1", "--days", "2"}), HasSubstr("--days"));
}

TEST_F(CommandLine, NeverPutsControlCharactersOnTheTerminal) {
  EXPECT_THAT(refusal({"ser\x1b[2Jver"}), Not(HasSubstr("\x1b")));
}

TEST_F(CommandLine, ExplainsTheProgramAndEachCommand) {
  const Outcome whole = run({"--help"});
  EXPECT_EQ(whole.code, 0);
  for (const char* word : {"keeps notes", "usage: notes [--config FILE]", "put labels on notes", "completion",
                           "the configuration file", "exit codes:\n  0   done\n  64  the command line is wrong\n"}) {
    EXPECT_THAT(whole.out, HasSubstr(word));
  }
  const Outcome issue = run({"ca", "issue", "--help"});
  EXPECT_EQ(issue.code, 0);
  EXPECT_THAT(issue.out, HasSubstr("--key p256|p384"));
  EXPECT_THAT(issue.out, HasSubstr("NAME..."));
  EXPECT_THAT(issue.out, HasSubstr("The first name is the common name as well."));
  EXPECT_THAT(issue.out, HasSubstr("notes ca issue --ca x mcq.example.org"));
  EXPECT_THAT(issue.out, HasSubstr("the configuration file"));
  EXPECT_EQ(run({"-h"}).out, whole.out);
  EXPECT_EQ(command_, "");
}

TEST_F(CommandLine, PrintsItsVersionForPeopleAndMachines) {
  for (const char* word : {"version", "--version"}) {
    EXPECT_EQ(run({word}).out, "notes 1.2.3\n");
    EXPECT_THAT(run({word, "--json"}).out, HasSubstr(R"({"name":"notes","version":"1.2.3","compiler":")"));
  }
}

TEST(Program, IsRefusedWhereItsDescriptionContradictsItself) {
  const auto refuses = [](const Program& program) { EXPECT_THROW((void)help(program), Exception); };
  refuses({.name = "x", .commands = {{.name = "a"}, {.name = "a"}}});
  refuses({.name = "x", .commands = {{.name = "version"}}});
  refuses({.name = "x", .commands = {{.name = "a b"}}});
  refuses({.name = "x", .options = {{.name = "help"}}});
  refuses({.name = "x", .options = {{.name = "--json"}}});
  refuses({.name = "x", .commands = {{.name = "a", .arguments = {{.name = "A", .may_repeat = true}, {.name = "B"}}}}});
  refuses({.name = "x", .commands = {{.name = "a", .arguments = {{.name = "A", .is_optional = true}, {.name = "B"}}}}});
  EXPECT_THROW((void)help(notes_program(), std::vector<std::string>{"dance"}), Exception);
}

}  // namespace
}  // namespace mcdsl::cli
