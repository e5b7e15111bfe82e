#include "mcdsl/grpcserver/internal/path_template.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl::grpcserver {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

PathTemplate parsed(std::string_view text) {
  return value_or_throw(PathTemplate::parse(text));
}

std::optional<PathTemplate::Values> match(std::string_view text, std::string_view raw_path) {
  return parsed(text).match(raw_path);
}

TEST(PathTemplate, IsWrittenAsItWasRead) {
  for (const std::string_view text :
       {"/v1", "/v1/notes", "/v1/*/notes", "/v1/**", "/**", "/*", "/v1/{id}", "/v1/{note.id}/tags/{tag}",
        "/v1/{name=shelves/*/books/*}", "/v1/{name=shelves/**}:cancel", "/v1/{name=**}", "/v1/notes:search",
        "/v1/{x=fixed}", "/v1/{_a1._b}", "/v1/a%20b~-._!$&'()+,;=@", "/v1/{name=a/b}/{other=**}"}) {
    EXPECT_EQ(parsed(text).to_string(), text);
  }
  EXPECT_EQ(parsed("/v1/{id=*}").to_string(), "/v1/{id}");
  EXPECT_EQ(parsed("/%61%2f").to_string(), "/a%2F");
}

TEST(PathTemplate, NamesItsFieldsInOrder) {
  EXPECT_THAT(parsed("/v1/{b.c}/{a=x/*}/{d=**}").field_paths(), ElementsAre("b.c", "a", "d"));
  EXPECT_THAT(parsed("/v1/*").field_paths(), IsEmpty());
}

TEST(PathTemplate, SaysWhatIsWrongAndWhere) {
  for (const auto& [text, error] : {std::pair<std::string_view, std::string_view>{"", "character 1: want \"/\""},
                                    {"v1/notes", "character 1: want \"/\""},
                                    {"/", "character 2: want a segment"},
                                    {"/v1/", "character 5: want a segment"},
                                    {"/v1//notes", "character 5: want a segment"},
                                    {"/v1/**/notes", "character 8: \"**\" stands at the end only, and here is more"},
                                    {"/v1/{a=**}/b", "character 12: \"**\" stands at the end only, and here is more"},
                                    {"/v1/***", "character 7: want \"/\", \":\" or the end"},
                                    {"/v1/a*", "character 6: want \"/\", \":\" or the end"},
                                    {"/v1/*a", "character 6: want \"/\", \":\" or the end"},
                                    {"/v1/{a}b", "character 8: want \"/\", \":\" or the end"},
                                    {"/v1/{", "character 6: want the name of a field"},
                                    {"/v1/{}", "character 6: want the name of a field"},
                                    {"/v1/{1a}", "character 6: want the name of a field"},
                                    {"/v1/{a.}", "character 8: want the name of a field"},
                                    {"/v1/{a-b}", "character 7: want \"}\""},
                                    {"/v1/{a", "character 7: want \"}\""},
                                    {"/v1/{a=}", "character 8: want a segment"},
                                    {"/v1/{a={b}}", "character 8: a variable within a variable"},
                                    {"/v1/{a=b:c}", "character 9: want \"}\""},
                                    {"/v1/{a}/{a}", "character 10: \"a\" is a variable already"},
                                    {"/v1/}", "character 5: want a segment"},
                                    {"/v1:", "character 5: want a verb"},
                                    {"/v1:a/b", "character 6: want \"/\", \":\" or the end"},
                                    {"/v1:a:b", "character 6: want \"/\", \":\" or the end"},
                                    {"/v1/a b", "character 6: want \"/\", \":\" or the end"},
                                    {"/v1?x", "character 4: want \"/\", \":\" or the end"},
                                    {"/v1/%4", "character 5: a broken percent escape"},
                                    {"/v1/\xc3\xa9", "character 5: want a segment"}}) {
    const auto result = PathTemplate::parse(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code(), Code::invalid_argument);
    EXPECT_TRUE(result.error().message().ends_with(error)) << result.error().message() << "\nwanted: " << error;
  }
}

TEST(PathTemplate, MatchesLiteralsAsTheyAreAndEncoded) {
  EXPECT_THAT(match("/v1/notes", "/v1/notes"), Optional(IsEmpty()));
  EXPECT_THAT(match("/v1/notes", "/v1/n%6Ftes"), Optional(IsEmpty()));
  EXPECT_THAT(match("/v1/a%20b", "/v1/a%20b"), Optional(IsEmpty()));
  for (const std::string_view path : {"", "/", "/v1", "/v1/", "/v1/note", "/v1/notes/", "/v1/notes/x", "v1/notes",
                                      "//v1/notes", "/v1/Notes", "/v1%2Fnotes", "/v1/notes%", "/v1/notes:x"}) {
    EXPECT_EQ(match("/v1/notes", path), std::nullopt) << path;
  }
}

TEST(PathTemplate, TakesOneSegmentDecodedWhole) {
  EXPECT_THAT(match("/v1/{id}", "/v1/7"), Optional(ElementsAre(Pair("id", "7"))));
  EXPECT_THAT(match("/v1/{id}", "/v1/a%2Fb%20c%25+d"), Optional(ElementsAre(Pair("id", "a/b c%+d"))));
  EXPECT_THAT(match("/v1/{id=fixed}", "/v1/fi%78ed"), Optional(ElementsAre(Pair("id", "fixed"))));
  EXPECT_THAT(match("/v1/{id}", "/v1/a:b"), Optional(ElementsAre(Pair("id", "a:b"))));
  for (const std::string_view path :
       {"/v1", "/v1/", "/v1/a/", "/v1/a/b", "/v1/%", "/v1/%zz", "/v1/a%2", "/v1/a%00", "/v1/%ff"}) {
    EXPECT_EQ(match("/v1/{id}", path), std::nullopt) << path;
  }
}

TEST(PathTemplate, KeepsAnEncodedSlashInAValueOfSeveralSegments) {
  EXPECT_THAT(match("/v1/{name=shelves/*/books/*}", "/v1/shelves/a%2Fb/books/c%20d"),
              Optional(ElementsAre(Pair("name", "shelves/a%2Fb/books/c d"))));
  EXPECT_THAT(match("/v1/{path=**}", "/v1/a%2fb/c%41"), Optional(ElementsAre(Pair("path", "a%2fb/cA"))));
  EXPECT_THAT(match("/v1/{path=**}", "/v1/%2F%252F%2f"), Optional(ElementsAre(Pair("path", "%2F%2F%2f"))));
  EXPECT_EQ(match("/v1/{path=**}", "/v1/a%%2F"), std::nullopt);
  EXPECT_THAT(match("/v1/{path=**}", "/v1/a%2fb"), Optional(ElementsAre(Pair("path", "a%2fb"))));
}

TEST(PathTemplate, TakesAnyNumberOfSegmentsAtTheEnd) {
  EXPECT_THAT(match("/v1/{path=**}", "/v1/a/b//c/"), Optional(ElementsAre(Pair("path", "a/b//c/"))));
  EXPECT_THAT(match("/v1/{path=**}", "/v1/"), Optional(ElementsAre(Pair("path", ""))));
  EXPECT_THAT(match("/v1/{path=**}", "/v1"), Optional(ElementsAre(Pair("path", ""))));
  EXPECT_THAT(match("/{path=**}", "/"), Optional(ElementsAre(Pair("path", ""))));
  EXPECT_THAT(match("/v1/{a=x/**}", "/v1/x"), Optional(ElementsAre(Pair("a", "x"))));
  EXPECT_THAT(match("/{a=v1}/**", "/v1"), Optional(ElementsAre(Pair("a", "v1"))));
  EXPECT_THAT(match("/{a=v1}/{b=**}", "/v1/c"), Optional(ElementsAre(Pair("a", "v1"), Pair("b", "c"))));
  EXPECT_EQ(match("/v1/{path=**}", "/v2/a"), std::nullopt);
  EXPECT_EQ(match("/v1/{path=**}", "/v1a"), std::nullopt);
}

TEST(PathTemplate, TellsAVerbFromTheSegmentBeforeIt) {
  EXPECT_THAT(match("/v1/{id}:cancel", "/v1/7:cancel"), Optional(ElementsAre(Pair("id", "7"))));
  EXPECT_THAT(match("/v1/{id}:cancel", "/v1/a:b:cancel"), Optional(ElementsAre(Pair("id", "a:b"))));
  EXPECT_THAT(match("/v1/{id}:cancel", "/v1/a%3Ab:c%61ncel"), Optional(ElementsAre(Pair("id", "a:b"))));
  EXPECT_THAT(match("/v1/{p=**}:cancel", "/v1/a/b:cancel"), Optional(ElementsAre(Pair("p", "a/b"))));
  EXPECT_THAT(match("/v1/{p=**}:cancel", "/v1:cancel"), Optional(ElementsAre(Pair("p", ""))));
  EXPECT_THAT(match("/v1/notes:search", "/v1/notes:search"), Optional(IsEmpty()));
  for (const std::string_view path : {"/v1/7", "/v1/7:", "/v1/:cancel", "/v1/7%3Acancel", "/v1/7:cancel/",
                                      "/v1:cancel/7", "/v1/7:cancelled", ":cancel", "/:cancel"}) {
    EXPECT_EQ(match("/v1/{id}:cancel", path), std::nullopt) << path;
  }
}

TEST(PathTemplate, GoesBeforeTheLessSpecificOnes) {
  const std::vector<std::string> order{"/v1/notes/{id}:cancel",
                                       "/v1/*:cancel",
                                       "/v1",
                                       "/v1/notes",
                                       "/v1/notes/latest",
                                       "/v1/notes/{id}",
                                       "/v1/notes/{id}/tags",
                                       "/v1/notes/**",
                                       "/v1/tags",
                                       "/v1/{x}",
                                       "/v1/{x}/latest",
                                       "/v1/**",
                                       "/{all=**}"};
  std::vector<PathTemplate> templates;
  for (const std::string& text : order) {
    templates.insert(templates.begin(), parsed(text));
  }
  std::ranges::sort(templates, [](const auto& a, const auto& b) { return PathTemplate::by_specificity(a, b) < 0; });
  std::vector<std::string> sorted;
  for (const PathTemplate& path : templates) {
    sorted.push_back(path.to_string());
  }
  EXPECT_EQ(sorted, order);
}

TEST(PathTemplate, IsInConflictWithOneThatMatchesTheSamePaths) {
  const auto conflict = [](std::string_view a, std::string_view b) {
    return PathTemplate::by_specificity(parsed(a), parsed(b)) == 0;
  };
  EXPECT_TRUE(conflict("/v1/{a}", "/v1/{b}"));
  EXPECT_TRUE(conflict("/v1/{a=notes/*}", "/v1/notes/{id}"));
  EXPECT_TRUE(conflict("/v1/{a=**}:x", "/v1/**:%78"));
  EXPECT_FALSE(conflict("/v1/{a}:x", "/v1/{a}:y"));
  EXPECT_FALSE(conflict("/v1/{a}", "/v1/{a=**}"));
  EXPECT_FALSE(conflict("/v1/a", "/v1/b"));
}

}  // namespace
}  // namespace mcdsl::grpcserver
