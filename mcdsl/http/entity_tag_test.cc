#include "mcdsl/http/entity_tag.h"

#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

EntityTag tag(std::string_view text) {
  return parse_entity_tag(text).value();
}

TEST(EntityTag, IsReadWithItsStrength) {
  EXPECT_EQ(tag(R"("xyzzy")").opaque, "xyzzy");
  EXPECT_FALSE(tag(R"("xyzzy")").weak);
  EXPECT_EQ(tag(R"(W/"xyzzy")").opaque, "xyzzy");
  EXPECT_TRUE(tag(R"(W/"xyzzy")").weak);
  EXPECT_EQ(tag(R"("")").opaque, "");
  EXPECT_EQ(tag("\"a,b\\\xC3\xA9\"").opaque, "a,b\\\xC3\xA9");
}

TEST(EntityTag, IsNothingElse) {
  for (const std::string_view text : {"", "xyzzy", "\"", "\"a", "a\"", "w/\"a\"", "W/a", "W/", "W/ \"a\"", "\"a b\"",
                                      "\"a\"b", "\"a\" ", " \"a\"", "\"a\"\"b\"", "\"a\tb\"", "\"a\x7F\"", "*"}) {
    EXPECT_FALSE(parse_entity_tag(text)) << text;
  }
}

TEST(EntityTag, IsTakenFromTheFrontOfAText) {
  std::string_view text = R"("a", W/"b")";
  EXPECT_EQ(take_entity_tag(text)->opaque, "a");
  EXPECT_EQ(text, R"(, W/"b")");
  EXPECT_FALSE(take_entity_tag(text));
  EXPECT_EQ(text, R"(, W/"b")");
}

// The table of RFC 9110 §8.8.3.2.
TEST(EntityTag, ComparesAsTheStandardSays) {
  EXPECT_FALSE(strongly_equal(tag(R"(W/"1")"), tag(R"(W/"1")")));
  EXPECT_TRUE(weakly_equal(tag(R"(W/"1")"), tag(R"(W/"1")")));
  EXPECT_FALSE(strongly_equal(tag(R"(W/"1")"), tag(R"(W/"2")")));
  EXPECT_FALSE(weakly_equal(tag(R"(W/"1")"), tag(R"(W/"2")")));
  EXPECT_FALSE(strongly_equal(tag(R"(W/"1")"), tag(R"("1")")));
  EXPECT_TRUE(weakly_equal(tag(R"(W/"1")"), tag(R"("1")")));
  EXPECT_TRUE(strongly_equal(tag(R"("1")"), tag(R"("1")")));
  EXPECT_TRUE(weakly_equal(tag(R"("1")"), tag(R"("1")")));
}

TEST(EntityTag, OfBytesIsStrongAndTheirOwn) {
  EXPECT_EQ(entity_tag_of("abc"), R"("ungWv48Bz-pBQUDeXa4iIw")");  // the front of the SHA-256 of "abc"
  EXPECT_TRUE(parse_entity_tag(entity_tag_of("")));
  EXPECT_NE(entity_tag_of("a"), entity_tag_of("b"));
}

}  // namespace
}  // namespace mcdsl::http
