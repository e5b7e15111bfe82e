#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "mcdsl/config/notes_for_test.h"

namespace mcdsl::config::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Strict : Notes {
  void bind(Binder& b) {
    Notes::bind(b);
    b.require("home");
    b.require("store.limits.burst");
    b.require("store.key");
  }
};

/// With the settings that are comments ("#key = …") made to count.
std::string uncommented(const std::string& example) {
  return std::regex_replace(example, std::regex("(^|\n)#(?! )"), "$1");
}

std::string replaced(std::string text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos) << before;
  return text.replace(at, before.size(), after);
}

TEST(Example, LoadsToTheDefaults) {
  EXPECT_EQ(show(load_text(example<Notes>())), show(Loaded<Notes>()));
}

TEST(Example, LoadsToTheDefaultsOnceTheRequiredValuesAreThere) {
  std::string toml = replaced(example<Strict>(), "\nhome = \"\"", "\nhome = \"https://example.org\"");
  toml = replaced(toml, "\nkey = \"\"", "\nkey = \"k\"");
  Loaded<Notes> expected;
  expected.value.home = "https://example.org";
  expected.value.store.key = Secret("k");
  const Strict loaded = load_text<Strict>(toml).value;
  EXPECT_EQ(show(Loaded<Notes>{.value = loaded}), show(expected));
}

TEST(Example, ShowsEachDefaultAsAComment) {
  const std::string all = replaced(uncommented(example<Notes>()), "[[policies]]\n", "[[policies]]\nname = \"x\"\n");
  const Loaded<Notes> loaded = load_text(replaced(all, "\nname = \"\"", "\n"));
  EXPECT_EQ(loaded->policies.size(), 1U);
  Loaded<Notes> expected;
  expected.value.policies = {Policy{.name = "x"}};
  EXPECT_EQ(show(loaded), show(expected));
}

TEST(Example, AsksForARequiredValueByNotLoadingWithoutIt) {
  EXPECT_THAT(findings_of<Strict>(example<Strict>()),
              ::testing::UnorderedElementsAre(HasSubstr("home: is required"), HasSubstr("store.key: is required")));
}

TEST(Example, HasMeaningTypeAndDefault) {
  const std::string toml = example<Notes>();
  EXPECT_THAT(toml, HasSubstr("# Notes an account may keep.\n# Type: an integer from 1 to 5000\n#max_notes = 1000\n"));
  EXPECT_THAT(toml, HasSubstr("# The store.\n[store]\n"));
  EXPECT_THAT(toml, HasSubstr("or a file that holds it, as key_file"));
}

TEST(Example, OfTheStandardSectionsLoadsWithACertificate) {
  const std::string toml = replaced(example<Standard>(), "\n#tls_cert = \"\"", "\ntls_cert = \"/c\"");
  const Loaded<Standard> loaded = load_text<Standard>(replaced(toml, "\n#tls_key = \"\"", "\ntls_key = \"/k\""));
  EXPECT_EQ(show(loaded), show(Loaded<Standard>{.value = {.server = {.tls_cert = "/c", .tls_key = "/k"}}}));
}

TEST(JsonSchema, DescribesEachField) {
  const json schema = json::parse(json_schema<Strict>("notes"));
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["title"], "notes");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], json({"home", "store"}));
  const json& properties = schema["properties"];
  EXPECT_EQ(properties["max_notes"], json({{"description", "Notes an account may keep."},
                                           {"type", "integer"},
                                           {"default", 1000},
                                           {"minimum", 1},
                                           {"maximum", 5000}}));
  EXPECT_EQ(properties["ratio"]["maximum"], 1.0);
  EXPECT_EQ(properties["archive"]["type"], "boolean");
  EXPECT_EQ(properties["keep"]["default"], "24h0m0s");
  EXPECT_EQ(properties["home"]["format"], "uri");
  EXPECT_EQ(properties["color"]["enum"], json({"red", "green"}));
  EXPECT_EQ(properties["tags"]["items"]["type"], "string");
  EXPECT_EQ(properties["store"]["properties"]["key"]["writeOnly"], true);
  EXPECT_EQ(properties["store"]["properties"]["key_file"]["type"], "string");
  EXPECT_EQ(properties["store"]["required"], json({"limits"})) << "the key may be in a file of its own";
  EXPECT_EQ(properties["policies"]["type"], "array");
  EXPECT_EQ(properties["policies"]["items"]["required"], json({"name"}));
}

TEST(JsonSchema, HasAPatternThatTakesWhatTheLoaderTakes) {
  const json schema = json::parse(json_schema<Notes>("notes"));
  const std::regex pattern(schema["properties"]["keep"]["pattern"].get<std::string>());
  for (const std::string_view good : {"30s", "1h30m", "1.5h", "24h0m0s", "1000ms"}) {
    EXPECT_TRUE(std::regex_match(std::string(good), pattern)) << good;
    EXPECT_TRUE(findings_of("keep = \"" + std::string(good) + "\"").empty()) << good;
  }
  for (const std::string_view bad : {"30", "s", "", "30 s", "1d"}) {
    EXPECT_FALSE(std::regex_match(std::string(bad), pattern)) << bad;
    EXPECT_FALSE(findings_of("keep = \"" + std::string(bad) + "\"").empty()) << bad;
  }
}

TEST(JsonSchema, HoldsNoSecretOfTheDefaults) {
  Notes defaults;
  defaults.store.key = Secret("hunter22");
  EXPECT_THAT(json_schema("notes", defaults), Not(HasSubstr("hunter22")));
  EXPECT_THAT(example(defaults), Not(HasSubstr("hunter22")));
  EXPECT_THAT(reference("NOTES", defaults), Not(HasSubstr("hunter22")));
}

TEST(Reference, HasARowForEachKey) {
  const std::string page = reference<Strict>("NOTES");
  EXPECT_THAT(page, HasSubstr("| `max_notes` | an integer from 1 to 5000 | `1000` | `NOTES_MAX_NOTES` | "
                              "Notes an account may keep. |\n"));
  EXPECT_THAT(page, HasSubstr("| `home` | a URL | required | `NOTES_HOME` | The home page. |\n"));
  EXPECT_THAT(page, HasSubstr("\n## `[store]`\n\nThe store.\n"));
  EXPECT_THAT(page,
              HasSubstr("| `key` | a secret string | required | `NOTES_STORE_KEY` | Encrypts them \\| both ways. |\n"));
  EXPECT_THAT(page, HasSubstr("| `key_file` | a path | | `NOTES_STORE_KEY_FILE` | A file that holds `key`. |\n"));
  EXPECT_THAT(page, HasSubstr("\n## `[[policies]]`\n\nWho may do what.\n"));
  EXPECT_THAT(page, HasSubstr("| `name` | a string | required |  | Its name. |\n"));
}

}  // namespace
}  // namespace mcdsl::config::testing
