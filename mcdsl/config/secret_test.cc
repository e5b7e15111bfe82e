#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string quoted(const std::filesystem::path& path) {
  return "\"" + path.string() + "\"";
}

/// A folder with secrets in it, and the service's configuration beside them.
class SecretTest : public ::testing::Test {
 protected:
  Loaded<Notes> load_with(std::string_view toml, Environment environment = {}) {
    return load<Notes>(source(toml, std::move(environment)));
  }
  std::vector<std::string> check_with(std::string_view toml, Environment environment = {}) {
    return check<Notes>(source(toml, std::move(environment)));
  }
  Source source(std::string_view toml, Environment environment) {
    return {.file = folder_.write("notes.toml", toml), .env_prefix = "NOTES", .environment = std::move(environment)};
  }
  std::string place(std::string_view rest) const { return (folder_ / "notes.toml").string() + std::string(rest); }

  ::mcdsl::testing::TempDir folder_;
};

TEST_F(SecretTest, IsReadFromTheFileThatItsKeyNames) {
  const auto file = folder_.write("key", "hunter22\n");
  const Loaded<Notes> notes = load_with("[store]\nkey_file = " + quoted(file));
  EXPECT_TRUE(notes->store.key.matches("hunter22"));
  EXPECT_EQ(notes.origins.at("store.key"), "file " + file.string() + " via store.key_file");
}

TEST_F(SecretTest, IsReadFromTheFileThatAVariableNames) {
  const auto file = folder_.write("key", "hunter22");
  const Loaded<Notes> notes = load_with("", {{"NOTES_STORE_KEY_FILE", file.string()}});
  EXPECT_TRUE(notes->store.key.matches("hunter22"));
  EXPECT_EQ(notes.origins.at("store.key"), "file " + file.string() + " via env NOTES_STORE_KEY_FILE");
}

TEST_F(SecretTest, IsReadFromASystemdCredential) {
  (void)folder_.write("store.key", "hunter22\n");
  const Loaded<Notes> notes = load_with("", {{"CREDENTIALS_DIRECTORY", folder_.path().string()}});
  EXPECT_TRUE(notes->store.key.matches("hunter22"));
  EXPECT_EQ(notes.origins.at("store.key"), "credential store.key");
}

TEST_F(SecretTest, LosesOneNewlineAtItsEndAndNothingElse) {
  for (const auto& [bytes, secret] : std::vector<std::pair<std::string, std::string>>{
           {"a\n", "a"}, {"a\r\n", "a"}, {"a\n\n", "a\n"}, {" a ", " a "}, {"a\nb", "a\nb"}, {"\n", ""}}) {
    const auto file = folder_.write("key", bytes);
    EXPECT_TRUE(load_with("[store]\nkey_file = " + quoted(file))->store.key.matches(secret)) << secret.size();
  }
}

TEST_F(SecretTest, IsReadFromAFileForAnElementOfAnArray) {
  const auto file = folder_.write("key", "hunter22");
  const Loaded<Notes> notes =
      load_with("[[policies]]\nname = \"a\"\n[[policies]]\nname = \"b\"\ntoken_file = " + quoted(file));
  EXPECT_TRUE(notes->policies.at(1).token.matches("hunter22"));
  EXPECT_EQ(notes.origins.at("policies[1].token"), "file " + file.string() + " via policies[1].token_file");
}

TEST_F(SecretTest, FromTheEnvironmentWinsOverOneOfTheFile) {
  EXPECT_TRUE(load_with("[store]\nkey = \"file\"", {{"NOTES_STORE_KEY", "env"}})->store.key.matches("env"));
  EXPECT_TRUE(load_with("[store]\nkey_file = \"/none\"", {{"NOTES_STORE_KEY", "env"}})->store.key.matches("env"))
      << "a file that does not count is not read";
  (void)folder_.write("store.key", "credential");
  EXPECT_TRUE(load_with("[store]\nkey = \"file\"", {{"CREDENTIALS_DIRECTORY", folder_.path().string()}})
                  ->store.key.matches("credential"));
}

TEST_F(SecretTest, IsRefusedWhereOneLayerGivesItTwice) {
  (void)folder_.write("store.key", "hunter22");
  const std::string folder = folder_.path().string();
  EXPECT_THAT(check_with("[store]\nkey = \"hunter22\"\nkey_file = \"/x\""),
              ElementsAre(place(":3:1: store.key: is given here by key_file and also by key: keep one")));
  for (const Environment& environment :
       std::vector<Environment>{{{"NOTES_STORE_KEY", "hunter22"}, {"NOTES_STORE_KEY_FILE", "/x"}},
                                {{"NOTES_STORE_KEY", "hunter22"}, {"CREDENTIALS_DIRECTORY", folder}},
                                {{"NOTES_STORE_KEY_FILE", "/x"}, {"CREDENTIALS_DIRECTORY", folder}}}) {
    EXPECT_THAT(check_with("", environment),
                ElementsAre(HasSubstr("NOTES_STORE_KEY: store.key: is given more than once")));
  }
}

TEST_F(SecretTest, NamesTheFileThatCannotBeRead) {
  EXPECT_THAT(check_with("[store]\nkey_file = \"/none/key\""),
              ElementsAre(place(":2:1: store.key_file: open /none/key: No such file or directory")));
  EXPECT_THAT(check_with("", {{"NOTES_STORE_KEY_FILE", folder_.path().string()}}),
              ElementsAre(HasSubstr("NOTES_STORE_KEY_FILE: store.key: ")));
  std::filesystem::create_directory(folder_ / "store.key");
  EXPECT_THAT(check_with("", {{"CREDENTIALS_DIRECTORY", folder_.path().string()}}),
              ElementsAre(HasSubstr("CREDENTIALS_DIRECTORY: store.key: ")));
  const auto large = folder_.write("large", std::string((64U << 10U) + 1, 'x'));
  EXPECT_THAT(check_with("[store]\nkey_file = " + quoted(large)), SizeIs(1));
}

TEST_F(SecretTest, IsNeverQuotedInAFinding) {
  for (const std::string_view toml :
       {"[store]\nkey = 314159", "[store]\nkey = [\"314159\"]", "[store]\nkey = {a = 314159}",
        "[store]\nkey = 314159.5", "[store]\nkee = \"314159\"", "[store]\nkey = 314159265358979323846",
        "[store]\nkey = f314159", "[store]\nkey = \"314159", "[store.key]\na = \"314159\""}) {
    const std::vector<std::string> findings = check_with(toml);
    ASSERT_THAT(findings, SizeIs(1)) << toml;
    EXPECT_THAT(findings[0], ::testing::Not(HasSubstr("314159")));
  }
}

TEST_F(SecretTest, MayBeRequired) {
  struct Strict : Notes {
    void bind(Binder& b) {
      Notes::bind(b);
      b.require("store.key");
    }
  };
  const auto empty = folder_.write("empty", "\n");
  EXPECT_THAT(check<Strict>(source("", {})), ElementsAre(HasSubstr("store.key: is required: set it in")));
  EXPECT_THAT(check<Strict>(source("[store]\nkey_file = " + quoted(empty), {})),
              ElementsAre(place(":2:1: store.key: is required and must not be empty")));
  EXPECT_THAT(check<Strict>(source("[store]\nkey = \"x\"", {})), SizeIs(0));
}

}  // namespace
}  // namespace mcdsl::config::testing
