// The manual page, read by the programs that show one.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/cli/cli_for_test.h"
#include "mcdsl/cli/program.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::cli {
namespace {

using ::testing::HasSubstr;

class Manual : public ::testing::Test {
 protected:
  testing::TempDir folder_;
  std::string page_ = folder_.write("notes.1", manual(notes_program())).string();
};

TEST_F(Manual, IsSetByGroffWithoutAWarning) {
  if (!has_program("groff")) {
    GTEST_SKIP() << "groff is not installed";
  }
  const auto set = run_shell("groff -ww -man -Tutf8 -P-cbou -rLL=120n " + page_);
  EXPECT_EQ(set.code, 0);
  EXPECT_THAT(set.output, HasSubstr("NAME\n"));
  EXPECT_THAT(set.output, HasSubstr("notes - keeps notes"));
  EXPECT_THAT(set.output, HasSubstr(".SH -x \\n"));
  EXPECT_THAT(set.output, HasSubstr("notes migrate plan"));
  EXPECT_THAT(set.output, HasSubstr("what's pending."));
  EXPECT_THAT(set.output, HasSubstr("EXIT STATUS"));
  EXPECT_THAT(set.output, HasSubstr("notes ca issue --ca x mcq.example.org"));
  EXPECT_EQ(run_shell("groff -ww -man -Tutf8 " + page_ + " >/dev/null").output, "") << "its warnings";
}

TEST_F(Manual, HoldsNothingThatMandocWarnsOf) {
  if (!has_program("mandoc")) {
    GTEST_SKIP() << "mandoc is not installed";
  }
  // Only the date is missing: with one, the page of a program would not be the same twice.
  EXPECT_EQ(run_shell("mandoc -Tlint -Wwarning " + page_ + " | grep -v 'missing date, using \"\": TH'").output, "");
}

}  // namespace
}  // namespace mcdsl::cli
