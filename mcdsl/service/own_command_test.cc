#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/service/run.h"
#include "mcdsl/service/run_for_test.h"

namespace mcdsl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NotesConfig;
using testing::Outcome;

// A service with a command of its own, `tag`, which keeps what it was given.
class OwnCommand : public testing::RunTest {
 protected:
  Outcome tag(std::vector<std::string> words) {
    const Command<NotesConfig> command{.name = "tag",
                                       .about = "put labels on notes",
                                       .run = [&](std::span<const std::string> arguments, const NotesConfig& config) {
                                         ++calls_;
                                         seen_.assign(arguments.begin(), arguments.end());
                                         max_notes_ = config.max_notes;
                                         return 5;
                                       }};
    return run_with(std::move(words), [](Service&) {}, {.name = "notes", .commands = {command}});
  }

  int calls_ = 0;
  std::vector<std::string> seen_;
  std::int64_t max_notes_ = 0;
};

TEST_F(OwnCommand, GetsItsWordsAndItsConfigAndGivesTheExitCode) {
  const Outcome outcome = tag({"tag", "--config", configure(), "add", "blue", "--force"});
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_THAT(seen_, ElementsAre("add", "blue", "--force"));
  EXPECT_EQ(max_notes_, 7);
}

TEST_F(OwnCommand, TakesTheConfigBeforeBetweenAndBehindItsWords) {
  const std::string file = configure();
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--config", file, "tag", "add", "blue"},
                                                {"tag", "add", "--config", file, "blue"},
                                                {"tag", "add", "blue", "--config", file},
                                                {"tag", "add", "blue", "--config=" + file}}) {
    max_notes_ = 0;
    EXPECT_EQ(tag(words).code, 5);
    EXPECT_THAT(seen_, ElementsAre("add", "blue"));
    EXPECT_EQ(max_notes_, 7);
  }
}

TEST_F(OwnCommand, GetsEveryWordThatIsNotOurs) {
  const std::string file = configure();
  tag({"tag", "-h", "--help", "server", "status", "++", "", "-x", "--role=a b", "--config", file});
  EXPECT_THAT(seen_, ElementsAre("-h", "--help", "server", "status", "++", "", "-x", "--role=a b"));
  tag({"tag", "--config", file, "add", "--", "--config", "blue", "--"});
  EXPECT_THAT(seen_, ElementsAre("add", "--", "--config", "blue", "--"));
  tag({"tag", "--config", file});
  EXPECT_THAT(seen_, IsEmpty());
}

TEST_F(OwnCommand, IsRefusedWithoutTheFileOfItsConfigOption) {
  EXPECT_EQ(tag({"tag", "add", "--config"}).code, 64);
  EXPECT_EQ(calls_, 0);
}

TEST_F(OwnCommand, DoesNotRunWithABadConfiguration) {
  const std::string file = folder_.write("bad.toml", "max_notes = 9000\n").string();
  const Outcome outcome = tag({"tag", "add", "--config", file});
  EXPECT_EQ(outcome.code, 78);
  EXPECT_THAT(outcome.err, HasSubstr("max_notes"));
  EXPECT_EQ(calls_, 0);
}

TEST_F(OwnCommand, StandsInTheHelpOfTheWhole) {
  EXPECT_THAT(tag({"--help"}).out, HasSubstr("put labels on notes"));
  EXPECT_THAT(tag({"--help", "tag"}).out, HasSubstr("put labels on notes"));
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace mcdsl
