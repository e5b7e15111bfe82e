#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kFile = R"(
title = "quote \" backslash \\ tab \t bell \u0007 é"
ratio = 0.1
keep = "1h30m"
tags = []
[store]
folder = 'C:\notes'
[[policies]]
name = "one"
roles = ["a", "b"]
[[policies]]
name = "two"
limits.burst = 3
)";

TEST(Show, PrintsAFileThatLoadsToTheSameValues) {
  const Loaded<Notes> first = load_text(kFile);
  const std::string shown = show(first);
  const Loaded<Notes> second = load_text(shown);
  EXPECT_EQ(show(second), shown);
  EXPECT_EQ(second->title, "quote \" backslash \\ tab \t bell \a é");
  EXPECT_EQ(second->ratio, 0.1);
  EXPECT_EQ(second->keep, std::chrono::minutes(90));
  EXPECT_TRUE(second->tags.empty());
  EXPECT_EQ(second->store.folder, R"(C:\notes)");
  ASSERT_EQ(second->policies.size(), 2U);
  EXPECT_EQ(second->policies[1].limits.burst, 3);
}

TEST(Show, PrintsTheStandardSectionsSoThatTheyLoad) {
  const Loaded<Standard> first =
      load_text<Standard>("server.tls = \"off\"\nlog.level = \"debug\"\nmcias.tags = [\"a\"]");
  EXPECT_EQ(show(load_text<Standard>(show(first))), show(first));
}

TEST(Show, PrintsAnEmptyArrayOfTablesOverADefault) {
  const Loaded<Notes> empty =
      load<Notes>(File("policies = []").source(), Notes{.policies = {Policy{.name = "default"}}});
  EXPECT_THAT(show(empty), HasSubstr("\npolicies = []\n"));
}

TEST(Show, MasksSecretsInAComment) {
  const Loaded<Notes> notes = load_text("store.key = \"hunter22\"\n[[policies]]\nname = \"a\"\ntoken = \"hunter23\"");
  const std::string shown = show(notes, Show::values_and_origins);
  EXPECT_THAT(shown, Not(HasSubstr("hunter")));
  EXPECT_THAT(shown, HasSubstr("\n#key = \"********\""));
  EXPECT_THAT(shown, HasSubstr("\n#token = \"********\""));
  EXPECT_TRUE(load_text(shown)->store.key.empty()) << "the mask must not become the secret";
  EXPECT_THAT(show(load_text("")), HasSubstr("\nkey = \"\"\n"));
}

TEST(Show, TellsWhereEachValueCameFrom) {
  const File file("max_notes = 7\n\n[[policies]]\nname = \"one\"\n");
  const Loaded<Notes> notes = load<Notes>(file.source({{"NOTES_TITLE", "T"}, {"PORT", "99"}}));
  const std::string shown = file.relative(show(notes, Show::values_and_origins));
  EXPECT_THAT(shown, HasSubstr("max_notes = 7  # file notes.toml:1:1\n"));
  EXPECT_THAT(shown, HasSubstr("title = \"T\"  # env NOTES_TITLE\n"));
  EXPECT_THAT(shown, HasSubstr("listen_addr = \"127.0.0.1:99\"  # $PORT\n"));
  EXPECT_THAT(shown, HasSubstr("workers = 4  # default\n"));
  EXPECT_THAT(shown, HasSubstr("[[policies]]\nname = \"one\"  # file notes.toml:4:1\n"));
  EXPECT_EQ(show(load_text(shown)), show(notes));
}

TEST(Show, CannotBeMadeToForgeALineByTheNameOfAFile) {
  const ::mcdsl::testing::TempDir folder;
  const auto path = folder.write("a\nmax_notes = 7", "x");
  const Loaded<Notes> notes = load_environment({{"NOTES_STORE_KEY_FILE", path.string()}});
  EXPECT_EQ(load_text(show(notes, Show::values_and_origins))->max_notes, 1000);
}

}  // namespace
}  // namespace mcdsl::config::testing
