// The scripts, run by the shells they are for.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/cli/cli_for_test.h"
#include "mcdsl/cli/internal/tree.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  std::ranges::sort(lines);
  return lines;
}

/// Asks one shell what it offers for the last of the words, in a folder with a file and a folder in it.
class Shells : public ::testing::TestWithParam<Shell> {
 protected:
  Shells() {
    folder_.write("one.toml", "");
    folder_.write("folder/two.toml", "");
    script_ = folder_.write(".script", completion(notes_program(), GetParam())).string();
  }

  void SetUp() override {
    if (!has_program(name())) {
      GTEST_SKIP() << name() << " is not installed";
    }
  }

  [[nodiscard]] static std::string name() {
    return GetParam() == Shell::bash ? "bash" : GetParam() == Shell::zsh ? "zsh" : "fish";
  }

  std::vector<std::string> offers(const std::vector<std::string>& words) {
    const std::string program = folder_.write(".ask", question(words)).string();
    const auto outcome = run_shell("cd " + internal::quoted(folder_.path().string()) + " && " + name() +
                                   (GetParam() == Shell::zsh ? " -f " : " ") + internal::quoted(program));
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return sorted_lines(outcome.output);
  }

  testing::TempDir folder_;

 private:
  std::string question(const std::vector<std::string>& words) const {
    std::string line;
    for (const std::string& word : words) {
      line += " " + internal::quoted(word);
    }
    const std::string count = std::to_string(words.size());
    switch (GetParam()) {
      case Shell::bash:  // what programmable completion does (bash(1)), and which function it would call
        return "source " + script_ + "\nCOMP_WORDS=(notes" + line + ")\nCOMP_CWORD=" + count +
               "\n$(complete -p notes | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
               "((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\"\n";
      case Shell::zsh:  // zsh's own functions only run inside its line editor: these stand in for them
        return "compdef() { completer=$1 }\n"
               "compset() { words[CURRENT]=${words[CURRENT]#*=} }\n"
               "offer() { local word; for word in \"$@\"; do [[ $word == ${words[CURRENT]}* ]] && print -r -- $word; "
               "done }\n"
               "_describe() { local name=$argv[-1]; local -a plain; plain=(${${(P)name}%%:*}); offer $plain; true }\n"
               "_files() { if [[ $1 == -/ ]]; then offer *(/N); else offer *(N); fi; true }\n"
               "source " +
               script_ + "\nwords=(notes" + line + ")\nCURRENT=" + std::to_string(words.size() + 1) +
               "\n$completer\ntrue\n";
      case Shell::fish:
        break;
    }
    std::string typed = "notes";
    for (const std::string& word : words) {
      typed += " " + word;
    }
    return "source " + script_ + "\ncomplete -C " + internal::quoted(typed) + " | string replace -r '\\t.*' ''\ntrue\n";
  }

  std::string script_;
};

TEST_P(Shells, OfferTheCommands) {
  EXPECT_THAT(offers({""}), ElementsAre("ca", "completion", "man", "migrate", "server", "tag", "version"));
  EXPECT_THAT(offers({"mi"}), ElementsAre("migrate"));
  EXPECT_THAT(offers({"migrate", ""}), ElementsAre("plan", "status"));
  EXPECT_THAT(offers({"--config", "one.toml", "ca", ""}), ElementsAre("issue", "show"));
}

TEST_P(Shells, OfferTheOptionsOfACommandAndOfTheProgram) {
  EXPECT_THAT(offers({"ca", "issue", "--"}),
              AllOf(Contains("--days"), Contains("--force"), Contains("--config"), Contains("--help")));
  EXPECT_THAT(offers({"ca", "issue", "--da"}), ElementsAre("--days"));
  EXPECT_THAT(offers({"server", "--"}), AllOf(Contains("--config"), Not(Contains("--days"))));
}

TEST_P(Shells, OfferTheChoicesOfAnOption) {
  EXPECT_THAT(offers({"ca", "issue", "--key", ""}), ElementsAre("p256", "p384"));
  EXPECT_THAT(offers({"ca", "issue", "--key", "p3"}), ElementsAre("p384"));
  EXPECT_THAT(offers({"ca", "issue", "--days", ""}), IsEmpty());
}

TEST_P(Shells, OfferTheChoicesOfAnArgumentAtItsPlace) {
  EXPECT_THAT(offers({"completion", ""}), ElementsAre("bash", "fish", "zsh"));
  EXPECT_THAT(offers({"ca", "show", "one.toml", ""}), ElementsAre("pem", "text"));
  EXPECT_THAT(offers({"ca", "show", "--config", "one.toml", "x", "p"}), ElementsAre("pem"));
}

TEST_P(Shells, OfferFilesAndFoldersWhereTheyBelong) {
  EXPECT_THAT(offers({"--config", "o"}), ElementsAre("one.toml"));
  EXPECT_THAT(offers({"ca", "show", "o"}), ElementsAre("one.toml"));
  const auto folders = offers({"ca", "issue", "--out", ""});
  EXPECT_THAT(folders, Contains(GetParam() == Shell::fish ? "folder/" : "folder"));
  EXPECT_THAT(folders, Not(Contains("one.toml")));
}

TEST_P(Shells, OfferNothingWhereOnlyTheUserKnows) {
  EXPECT_THAT(offers({"ca", "issue", ""}), IsEmpty());
  EXPECT_THAT(offers({"server", ""}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Completion, Shells, ::testing::Values(Shell::bash, Shell::zsh, Shell::fish),
                         [](const auto& test) {
                           return test.param == Shell::bash ? "Bash" : test.param == Shell::zsh ? "Zsh" : "Fish";
                         });

TEST(BashCompletion, CompletesTheValueBehindAnEqualsSign) {
  const testing::TempDir folder;
  const std::string script = folder.write("script", completion(notes_program(), Shell::bash)).string();
  // As bash splits "--key=p3": at every character of COMP_WORDBREAKS.
  const std::string program = folder
                                  .write("ask", "source " + script +
                                                    "\nCOMP_WORDS=(notes ca issue --key = p3) COMP_CWORD=5\n"
                                                    "_notes_completion\nprintf '%s ' \"${COMPREPLY[@]}\"\n"
                                                    "COMP_WORDS=(notes ca issue --key =) COMP_CWORD=4\n"
                                                    "_notes_completion\nprintf '%s ' \"${COMPREPLY[@]}\"\n")
                                  .string();
  EXPECT_EQ(run_shell("bash " + program).output, "p384 p256 p384 ");
}

TEST(BashCompletion, IsFreeOfWhatShellcheckFinds) {
  if (!has_program("shellcheck")) {
    GTEST_SKIP() << "shellcheck is not installed";
  }
  const testing::TempDir folder;
  const std::string script = folder.write("script", completion(notes_program(), Shell::bash)).string();
  EXPECT_EQ(run_shell("shellcheck --shell=bash " + script).output, "");
}

}  // namespace
}  // namespace mcdsl::cli
