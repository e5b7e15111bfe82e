#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Case {
  std::string_view text;
  std::string_view finding;
};

TEST(Refusal, NamesThePlaceTheKeyAndTheRemedyOfEachBadValue) {
  const std::vector<Case> cases = {
      {"max_nots = 1", "notes.toml:1:1: max_nots: unknown key; did you mean max_notes?"},
      {"Title = \"x\"", "notes.toml:1:1: Title: unknown key; did you mean title?"},
      {"xyzzy = 1", "notes.toml:1:1: xyzzy: unknown key"},
      {"folder = \"/x\"", "notes.toml:1:1: folder: unknown key; did you mean store.folder?"},
      {"[stroe]\nfolder = \"/x\"", "notes.toml:1:2: stroe: unknown section; did you mean store?"},
      {"[store]\nfodler = \"/x\"", "notes.toml:2:1: store.fodler: unknown key; did you mean store.folder?"},
      {"[store]\nkey_fil = \"/x\"", "notes.toml:2:1: store.key_fil: unknown key; did you mean store.key_file?"},
      {"[store.limits]\nbrust = 1",
       "notes.toml:2:1: store.limits.brust: unknown key; did you mean store.limits.burst?"},
      {"store = 1", "notes.toml:1:9: store: is a section: write it as [store]"},
      {"policies = 1", "notes.toml:1:12: policies: is an array of tables: write each as [[policies]]"},
      {"policies = [1]", "notes.toml:1:12: policies: is an array of tables: write each as [[policies]]"},
      {"[[policies]]\nname = \"a\"\n[[policies]]\nname = \"b\"\nnam = 1",
       "notes.toml:5:1: policies[1].nam: unknown key; did you mean policies[1].name?"},
      {"[[policies]]", "policies[0].name: is required: set it in notes.toml"},
      {"[[policies]]\nname = \"\"", "notes.toml:2:1: policies[0].name: is required and must not be empty"},
      {"[[policies]]\nname = \"root\"", "notes.toml:2:1: policies[0].name: is reserved"},
      {"archive = \"yes\"", "notes.toml:1:11: archive: wants true or false, found \"yes\""},
      {"max_notes = \"many\"", "notes.toml:1:13: max_notes: wants an integer from 1 to 5000, found \"many\""},
      {"max_notes = 0", "notes.toml:1:13: max_notes: wants an integer from 1 to 5000, found 0"},
      {"max_notes = 5001", "notes.toml:1:13: max_notes: wants an integer from 1 to 5000, found 5001"},
      {"max_notes = 1.0", "notes.toml:1:13: max_notes: wants an integer from 1 to 5000, found 1.0"},
      {"max_notes = 99999999999999999999", "notes.toml:1:33: not valid TOML: the number does not fit into 64 bits"},
      {"workers = 65536", "notes.toml:1:11: workers: wants an integer from 0 to 65535, found 65536"},
      {"workers = -1", "notes.toml:1:11: workers: wants an integer from 0 to 65535, found -1"},
      {"ratio = 1.1", "notes.toml:1:9: ratio: wants a number from 0 to 1, found 1.1"},
      {"ratio = nan", "notes.toml:1:9: ratio: wants a number from 0 to 1, found nan"},
      {"ratio = \"1\"", "notes.toml:1:9: ratio: wants a number from 0 to 1, found \"1\""},
      {"keep = 30", "notes.toml:1:8: keep: wants a duration (\"30s\", \"1h30m\") of at least 1s, found 30"},
      {"keep = \"30 sec\"",
       "notes.toml:1:8: keep: wants a duration (\"30s\", \"1h30m\") of at least 1s, found \"30 sec\""},
      {"keep = \"30\"", "notes.toml:1:8: keep: wants a duration (\"30s\", \"1h30m\") of at least 1s, found \"30\""},
      {"keep = \"10ms\"", "notes.toml:1:8: keep: wants a duration (\"30s\", \"1h30m\") of at least 1s, found \"10ms\""},
      {"title = [\"x\"]", "notes.toml:1:9: title: wants a string, found an array"},
      {"title = 1979-05-27", "notes.toml:1:9: title: wants a string, found a date or time"},
      {"title = \"a\\u0000b\"", "notes.toml:1:9: title: \"a\\x00b\" has a zero byte in it"},
      {"tags = \"a\"", "notes.toml:1:8: tags: wants an array of strings, found \"a\""},
      {"tags = [\"a\", 1]", "notes.toml:1:8: tags: wants an array of strings, found 1 at index 1"},
      {"tags = [\"\"]", "notes.toml:1:8: tags: wants an array of strings, found \"\" at index 0"},
      {"color = \"gren\"", "notes.toml:1:9: color: wants one of red, green, found \"gren\"; did you mean \"green\"?"},
      {"color = 1", "notes.toml:1:9: color: wants one of red, green, found 1"},
      {"[store]\nfolder = 1", "notes.toml:2:10: store.folder: wants a path, found 1"},
      {"[store]\nkey = 12345", "notes.toml:2:7: store.key: wants a secret string, found an integer"},
      {"[store]\nkey_file = 1", "notes.toml:2:12: store.key_file: wants the path of a file"},
      {"title = \"T\"\n\n[.]\nx", "notes.toml:3: not valid TOML: a key, a value or a date is malformed"},
      {"tags = [\n  }\n]", "notes.toml:2: not valid TOML: a key, a value or a date is malformed"},
      {"a = \"\xFF\"", "notes.toml:1:5: not valid TOML: Encountered invalid utf-8 sequence"},
      {"title = \"a\"\ntitle = \"b\"", "cannot redefine existing string 'title'"},
  };
  for (const Case& c : cases) {
    const std::vector<std::string> findings = findings_of(c.text);
    EXPECT_THAT(findings, ElementsAre(HasSubstr(c.finding))) << c.text;
  }
}

TEST(Refusal, ExplainsBadAddresses) {
  const std::vector<Case> cases = {
      {"listen_addr = \"localhost\"", "has no port"},
      {"listen_addr = \"[::1]\"", "has no port"},
      {"listen_addr = \"localhost:\"", "bad port"},
      {"listen_addr = \"localhost:http\"", "bad port"},
      {"listen_addr = \"localhost:65536\"", "bad port"},
      {"listen_addr = \"localhost:-1\"", "bad port"},
      {"listen_addr = \"::1:8443\"", "an IPv6 address needs brackets"},
      {"listen_addr = \"[::g]:8443\"", "no IPv6 address between its brackets"},
      {"listen_addr = \"a b:8443\"", "no host name or IP address"},
      {"listen_addr = \"256.0.0.1:8443\"", "no host name or IP address"},
      {"listen_addr = \"unix:relative\"", "no absolute path"},
      {"upstream = \":8443\"", "no host name or IP address"},
      {"upstream = \"unix:/x\"", "bad port"},
      {"home = \"ftp://example.org\"", "is not a URL"},
      {"home = \"https://\"", "is not a URL"},
      {"home = \"https://exa mple.org\"", "has a fragment, a space"},
      {"home = \"https://example.org:x/\"", "bad port"},
      {"home = \"https://example.org/#top\"", "has a fragment"},
      {"peers = [\"10.0.0.0/33\"]", "bad prefix length"},
      {"peers = [\"10.0.0/8\"]", "is not an IP address"},
      {"peers = [\"::1/129\"]", "bad prefix length"},
      {"peers = [\"10.0.0.1/\"]", "bad prefix length"},
      {"peers = [\"example.org\"]", "is not an IP address"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(findings_of(c.text), ElementsAre(HasSubstr(c.finding))) << c.text;
  }
}

TEST(Refusal, AcceptsGoodAddresses) {
  for (const std::string_view text :
       {"listen_addr = \":8443\"", "listen_addr = \"[::1]:0\"", "listen_addr = \"unix:/run/notes.sock\"",
        "listen_addr = \"\"", "upstream = \"a-b.example.org:1\"", "upstream = \"[2001:db8::1]:65535\"",
        "home = \"https://example.org\"", "home = \"http://[::1]:80/a?b\"", "home = \"\"",
        "peers = [\"10.0.0.0/8\", \"::1\", \"2001:db8::/32\", \"0.0.0.0/0\"]"}) {
    EXPECT_THAT(findings_of(text), SizeIs(0)) << text;
  }
}

TEST(Refusal, DoesNotQuoteAUrlWithAPassword) {
  EXPECT_THAT(findings_of("home = \"https://me:hunter22@example.org\""),
              ElementsAre("notes.toml:1:8: home: has a user in it: credentials do not belong into a URL"));
}

TEST(Refusal, NamesTheVariableOfEachBadOverride) {
  struct Override {
    std::string name;
    std::string text;
    std::string_view finding;
  };
  const std::vector<Override> overrides = {
      {"NOTES_MAX_NOTS", "1", "NOTES_MAX_NOTS: unknown variable; did you mean NOTES_MAX_NOTES?"},
      {"NOTES_STORE_KEY_FIL", "1", "NOTES_STORE_KEY_FIL: unknown variable; did you mean NOTES_STORE_KEY_FILE?"},
      {"NOTES_XYZZY", "1", "NOTES_XYZZY: unknown variable"},
      {"NOTES_MAX_NOTES", "1x", "NOTES_MAX_NOTES: max_notes: wants an integer from 1 to 5000, found \"1x\""},
      {"NOTES_MAX_NOTES", "", "NOTES_MAX_NOTES: max_notes: wants an integer from 1 to 5000, found \"\""},
      {"NOTES_ARCHIVE", "yes", "NOTES_ARCHIVE: archive: wants true or false, found \"yes\""},
      {"NOTES_RATIO", "2", "NOTES_RATIO: ratio: wants a number from 0 to 1, found 2.0"},
      {"NOTES_KEEP", "forever",
       "NOTES_KEEP: keep: wants a duration (\"30s\", \"1h30m\") of at least 1s, found \"forever\""},
      {"NOTES_COLOR", "gren", "NOTES_COLOR: color: wants one of red, green, found \"gren\"; did you mean \"green\"?"},
      {"NOTES_TITLE", "\xFF", "NOTES_TITLE: title: is not valid UTF-8"},
      {"NOTES_TAGS", "a,,b", "NOTES_TAGS: tags: wants an array of strings, found \"\" at index 1"},
      {"NOTES_PEERS", "10.0.0.0/8,x", "NOTES_PEERS: peers: \"x\" is not an IP address"},
      {"PORT", "http", "PORT: listen_addr: wants a port, a number from 0 to 65535"},
      {"PORT", "65536", "PORT: listen_addr: wants a port, a number from 0 to 65535"},
  };
  for (const Override& o : overrides) {
    EXPECT_THAT(findings_of("", {{o.name, o.text}}), ElementsAre(HasSubstr(o.finding))) << o.name << "=" << o.text;
  }
}

TEST(Refusal, LeavesVariablesOfOthersAlone) {
  EXPECT_THAT(findings_of("", {{"NOTESX_TITLE", "1"}, {"NOTES", "1"}, {"OTHER_TITLE", "1"}}), SizeIs(0));
}

TEST(Refusal, TellsEverythingAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      findings_of("zeta = 1\nmax_notes = 0\nalpha = 1\n[[policies]]\n", {{"NOTES_COLOR", "blue"}, {"NOTES_X", ""}}),
      ElementsAre(HasSubstr("zeta"), HasSubstr("max_notes"), HasSubstr("alpha"), HasSubstr("NOTES_COLOR"),
                  HasSubstr("NOTES_X"), HasSubstr("policies[0].name: is required")));
}

TEST(Refusal, ThrowsOneErrorWithAllFindings) {
  try {
    (void)load_text("zeta = 1\nmax_notes = 0\n");
    FAIL() << "loaded";
  } catch (const Invalid& invalid) {
    EXPECT_THAT(invalid.findings(), SizeIs(2));
    EXPECT_EQ(invalid.error().code(), Code::invalid_argument);
    EXPECT_THAT(invalid.what(), HasSubstr("max_notes: wants"));
  }
}

TEST(Refusal, StopsListingAfterAHundred) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "unknown_" + std::to_string(i) + " = 1\n";
  }
  const std::vector<std::string> findings = findings_of(text);
  ASSERT_THAT(findings, SizeIs(101));
  EXPECT_EQ(findings.back(), "and 900 more");
}

TEST(Refusal, EscapesWhatItQuotes) {
  EXPECT_THAT(findings_of("\"a\\u001b[31m\" = 1"), ElementsAre("notes.toml:1:1: a\\x1b[31m: unknown key"));
}

TEST(Refusal, NamesAFileThatIsMissing) {
  const ::mcdsl::testing::TempDir folder;
  EXPECT_THAT(check<Notes>({.file = folder / "none.toml", .environment = {}}),
              ElementsAre(::testing::EndsWith("none.toml: No such file or directory")));
}

TEST(Refusal, NamesAFileThatIsTooLarge) {
  EXPECT_THAT(findings_of(std::string((1U << 20U) + 1, '\n')), ElementsAre(HasSubstr("notes.toml")));
  EXPECT_THAT(findings_of(std::string(1U << 20U, '\n')), SizeIs(0));
}

TEST(Refusal, DoesNotCallAValueMissingThatAnUnreadableFileMayHave) {
  struct Strict : Notes {
    void bind(Binder& b) {
      Notes::bind(b);
      b.require("home");
    }
  };
  EXPECT_THAT(findings_of<Strict>("home ="), ElementsAre(HasSubstr("not valid TOML")));
  EXPECT_THAT(findings_of<Strict>(""), ElementsAre("home: is required: set it in notes.toml or as NOTES_HOME"));
  EXPECT_THAT(check<Strict>({.env_prefix = "NOTES", .environment = {}}),
              ElementsAre("home: is required: set NOTES_HOME"));
  EXPECT_THAT(findings_of<Strict>("home = \"\""),
              ElementsAre("notes.toml:1:1: home: is required and must not be empty"));
  EXPECT_THAT(findings_of<Strict>("", {{"NOTES_HOME", ""}}),
              ElementsAre("NOTES_HOME: home: is required and must not be empty"));
}

TEST(Refusal, WantsARequiredNumberToBeSetByTheOperator) {
  struct Strict : Notes {
    void bind(Binder& b) {
      Notes::bind(b);
      b.require("store.limits.burst");
    }
  };
  EXPECT_THAT(findings_of<Strict>(""), ElementsAre(HasSubstr("store.limits.burst: is required")));
  EXPECT_THAT(findings_of<Strict>("store.limits.burst = 10"), SizeIs(0));
}

template <class Bind>
struct Bound {
  void bind(Binder& b) { Bind()(b, *this); }
  std::int64_t number = 0;
  std::int64_t other = 0;
  Secret secret = {};
  std::filesystem::path path = {};
};

template <class Bind>
void load_bound_by(Bind) {
  (void)load<Bound<Bind>>({.env_prefix = "NOTES", .environment = {}});
}

TEST(Refusal, TreatsAContradictionInBindAsABug) {
  EXPECT_THROW(load_bound_by([](Binder& b, auto& c) {
                 b.field("number", c.number);
                 b.field("number", c.other);
               }),
               Exception);
  EXPECT_THROW(load_bound_by([](Binder& b, auto& c) { b.field("two words", c.number); }), Exception);
  EXPECT_THROW(load_bound_by([](Binder& b, auto& c) {
                 b.field("secret", c.secret);
                 b.field("secret_file", c.path);
               }),
               Exception);
  EXPECT_THROW(load_bound_by([](Binder& b, auto& c) {
                 b.field("a_b", c.number);
                 b.field("a-b", c.other);
               }),
               Exception);
  EXPECT_THROW(load_bound_by([](Binder& b, auto& c) {
                 b.field("number", c.number);
                 b.require("nmber");
               }),
               Exception);
}

}  // namespace
}  // namespace mcdsl::config::testing
