#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kEverything = R"(
archive = true
max_notes = 7
workers = 9
ratio = 1
keep = "1h30m"
title = "T"
upstream = "peer:1"
home = "https://example.org"
tags = ["x"]
peers = ["10.0.0.0/8"]
color = "green"
listen_addr = "[::1]:1"

[store]
folder = "/tmp"
key = "k"
limits.burst = 3

[[policies]]
name = "one"
roles = ["admin", "user"]

[[policies]]
name = "two"
limits = {burst = 5}
)";

TEST(Precedence, StartsFromTheDefaultsWithoutAFile) {
  const Loaded<Notes> notes = load_environment({});
  EXPECT_EQ(notes->max_notes, 1000);
  EXPECT_THAT(notes->tags, ElementsAre("a", "b"));
  EXPECT_EQ(notes.origins.at("max_notes"), "default");
  EXPECT_EQ(notes.origins.at("store.folder"), "default");
}

TEST(Precedence, StartsFromTheCallersDefaults) {
  const Loaded<Notes> notes = load<Notes>({.environment = {}}, Notes{.title = "Mine"});
  EXPECT_EQ(notes->title, "Mine");
}

TEST(Precedence, ReadsEveryTypeFromTheFile) {
  const Loaded<Notes> notes = load_text(kEverything);
  EXPECT_TRUE(notes->archive);
  EXPECT_EQ(notes->max_notes, 7);
  EXPECT_EQ(notes->workers, 9);
  EXPECT_EQ(notes->ratio, 1.0);
  EXPECT_EQ(notes->keep, std::chrono::minutes(90));
  EXPECT_EQ(notes->title, "T");
  EXPECT_EQ(notes->upstream, "peer:1");
  EXPECT_EQ(notes->home, "https://example.org");
  EXPECT_THAT(notes->tags, ElementsAre("x"));
  EXPECT_THAT(notes->peers, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(notes->color, Color::green);
  EXPECT_EQ(notes->listen_addr, "[::1]:1");
  EXPECT_EQ(notes->store.folder, "/tmp");
  EXPECT_TRUE(notes->store.key.matches("k"));
  EXPECT_EQ(notes->store.limits.burst, 3);
  ASSERT_EQ(notes->policies.size(), 2U);
  EXPECT_THAT(notes->policies[0].roles, ElementsAre("admin", "user"));
  EXPECT_EQ(notes->policies[0].limits.burst, 10);
  EXPECT_EQ(notes->policies[1].name, "two");
  EXPECT_EQ(notes->policies[1].limits.burst, 5);
}

TEST(Precedence, ReadsEveryTypeFromTheEnvironment) {
  const Loaded<Notes> notes = load_environment({{"NOTES_ARCHIVE", "true"},
                                                {"NOTES_MAX_NOTES", "7"},
                                                {"NOTES_WORKERS", "9"},
                                                {"NOTES_RATIO", "0.25"},
                                                {"NOTES_KEEP", "90m"},
                                                {"NOTES_TITLE", "T, and more"},
                                                {"NOTES_TAGS", "x, y ,z"},
                                                {"NOTES_COLOR", "green"},
                                                {"NOTES_LISTEN_ADDR", ":1"},
                                                {"NOTES_STORE_FOLDER", "/tmp"},
                                                {"NOTES_STORE_KEY", "k"},
                                                {"NOTES_STORE_LIMITS_BURST", "3"}});
  EXPECT_TRUE(notes->archive);
  EXPECT_EQ(notes->max_notes, 7);
  EXPECT_EQ(notes->workers, 9);
  EXPECT_EQ(notes->ratio, 0.25);
  EXPECT_EQ(notes->keep, std::chrono::minutes(90));
  EXPECT_EQ(notes->title, "T, and more");
  EXPECT_THAT(notes->tags, ElementsAre("x", "y", "z"));
  EXPECT_EQ(notes->color, Color::green);
  EXPECT_EQ(notes->listen_addr, ":1");
  EXPECT_EQ(notes->store.folder, "/tmp");
  EXPECT_TRUE(notes->store.key.matches("k"));
  EXPECT_EQ(notes->store.limits.burst, 3);
}

TEST(Precedence, PutsTheEnvironmentOverTheFileAndPortsOverBoth) {
  const File file("max_notes = 7\ntitle = \"file\"\nlisten_addr = \"10.0.0.1:1\"\n");
  const Loaded<Notes> notes =
      load<Notes>(file.source({{"NOTES_TITLE", "env"}, {"NOTES_LISTEN_ADDR", "10.0.0.2:2"}, {"PORT", "3"}}));
  EXPECT_EQ(notes->max_notes, 7);
  EXPECT_EQ(notes->title, "env");
  EXPECT_EQ(notes->listen_addr, "10.0.0.2:3");
  EXPECT_EQ(file.relative(notes.origins.at("max_notes")), "file notes.toml:1:1");
  EXPECT_EQ(notes.origins.at("title"), "env NOTES_TITLE");
  EXPECT_EQ(notes.origins.at("listen_addr"), "$PORT");
}

TEST(Precedence, SetsAListOrTextToEmptyFromAnEmptyVariable) {
  const Loaded<Notes> notes = load_environment({{"NOTES_TAGS", ""}, {"NOTES_TITLE", ""}});
  EXPECT_TRUE(notes->tags.empty());
  EXPECT_EQ(notes->title, "");
}

TEST(Precedence, NamesTheOriginOfEachElement) {
  const File file("[[policies]]\nname = \"one\"\n");
  const Loaded<Notes> notes = load<Notes>(file.source());
  EXPECT_EQ(file.relative(notes.origins.at("policies[0].name")), "file notes.toml:2:1");
  EXPECT_EQ(notes.origins.at("policies[0].limits.burst"), "default");
}

TEST(Precedence, ReadsPrefixedVariablesOnlyWhereThereIsAPrefix) {
  const Loaded<Notes> notes = load<Notes>({.environment = {{"NOTES_TITLE", "x"}, {"_TITLE", "y"}, {"PORT", "5"}}});
  EXPECT_EQ(notes->title, "Notes");
  EXPECT_EQ(notes->listen_addr, "127.0.0.1:5");
}

TEST(Ports, ReplaceThePortAndKeepTheHost) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"10.0.0.1:1", "10.0.0.1:99"}, {"[::1]:1", "[::1]:99"}, {":1", ":99"}, {"a.example:1", "a.example:99"}}) {
    EXPECT_EQ(load_text("listen_addr = \"" + before + "\"", {{"PORT", "99"}})->listen_addr, after);
  }
}

TEST(Ports, CountAsUnsetWhereTheyAreEmpty) {
  EXPECT_EQ(load_environment({{"PORT", ""}})->listen_addr, "127.0.0.1:8080");
}

TEST(Ports, GiveAnEmptyAddressTheHostOfItsSiblingOrLoopback) {
  const Loaded<Notes> notes = load_text("listen_addr = \"10.0.0.1:1\"", {{"PORT_EXTRA", "2"}, {"PORT_OTHER", "3"}});
  EXPECT_EQ(notes->extra_addr, "10.0.0.1:2");
  EXPECT_EQ(notes->other_addr, "127.0.0.1:3");
  EXPECT_EQ(notes.origins.at("extra_addr"), "$PORT_EXTRA");
}

TEST(Ports, DoNotTakeAUnixSocketAsAHost) {
  EXPECT_EQ(load_text("listen_addr = \"unix:/run/n\"", {{"PORT_EXTRA", "2"}})->extra_addr, "127.0.0.1:2");
}

TEST(Ports, RefuseToReplaceAUnixSocket) {
  EXPECT_THAT(findings_of("listen_addr = \"unix:/run/n\"", {{"PORT", "2"}}),
              ElementsAre(HasSubstr("PORT: listen_addr: has no port to be replaced")));
}

TEST(Listeners, TellWhereEachAddressCameFrom) {
  const File file("listen_addr = \"10.0.0.1:1\"\nother_addr = \"10.0.0.2:1\"\n");
  const Loaded<Notes> notes = load<Notes>(file.source({{"PORT", "99"}}));
  ASSERT_EQ(notes.listeners.size(), 2U);
  EXPECT_EQ(notes.listeners[0].key, "listen_addr");
  EXPECT_EQ(notes.listeners[0].value, "10.0.0.1:99");
  EXPECT_EQ(notes.listeners[0].origin, "$PORT");
  EXPECT_EQ(file.relative(notes.listeners[0].replaced), "10.0.0.1:1 (file notes.toml:1:1)");
  EXPECT_EQ(notes.listeners[1].key, "other_addr");
  EXPECT_EQ(file.relative(notes.listeners[1].origin), "file notes.toml:2:1");
  EXPECT_EQ(notes.listeners[1].replaced, "");
}

TEST(Listeners, ReplaceNothingWhereThePortCameOverADefault) {
  EXPECT_EQ(load_environment({{"PORT", "99"}}).listeners.at(0).replaced, "");
}

TEST(ProcessEnvironment, HasWhatTheProcessHas) {
  const char* path = std::getenv("PATH");
  ASSERT_NE(path, nullptr);
  EXPECT_EQ(process_environment().at("PATH"), path);
}

}  // namespace
}  // namespace mcdsl::config::testing
