#include "mcdsl/http/headers.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"

namespace mcdsl::http {
namespace {

std::string joined(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) {
    text.append(name).append("=").append(value).append(";");
  }
  return text;
}

Headers sample() {
  Headers headers;
  headers.add("Accept", "text/html");
  headers.add("X-One", "1");
  headers.add("ACCEPT", "application/json");
  return headers;
}

TEST(Headers, KeepOrderAndLowerTheCaseOfNames) {
  EXPECT_EQ(joined(sample()), "accept=text/html;x-one=1;accept=application/json;");
  EXPECT_EQ(sample().size(), 3U);
}

TEST(Headers, FindNamesInAnyCase) {
  const Headers headers = sample();
  EXPECT_EQ(headers.get("aCCept"), "text/html");
  EXPECT_EQ(headers.count("Accept"), 2U);
  EXPECT_TRUE(headers.contains("x-ONE"));
  EXPECT_EQ(headers.get("accep"), std::nullopt);
}

TEST(Headers, SetReplacesEveryFieldOfTheName) {
  Headers headers = sample();
  headers.set("Accept", "*/*");
  EXPECT_EQ(joined(headers), "x-one=1;accept=*/*;");
}

TEST(Headers, RemoveAndClearForget) {
  Headers headers = sample();
  headers.remove("accept");
  EXPECT_EQ(joined(headers), "x-one=1;");
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.get("x-one"), std::nullopt);
}

TEST(Headers, ACopyStandsOnItsOwn) {
  Headers first = sample();
  const Headers second = first;
  first.clear();
  EXPECT_EQ(second.get("x-one"), "1");
}

TEST(Headers, RefuseNamesThatAreNotTokens) {
  Headers headers;
  for (const std::string_view name : {"", "a b", "a:", "a\r\nb", "\xC3\xA9", "a\"", "a\x7F"}) {
    EXPECT_THROW(headers.add(name, "x"), Exception) << name;
  }
  EXPECT_TRUE(headers.empty());
}

TEST(Headers, RefuseValuesThatWouldSplitAMessageWithoutQuotingThem) {
  Headers headers;
  for (const std::string& value : {std::string("secret\r\nx: y"), std::string("secret\n"), std::string("secret\0", 7),
                                   std::string("secret\x7F")}) {
    try {
      headers.add("x", value);
      ADD_FAILURE() << "accepted";
    } catch (const Exception& refused) {
      EXPECT_FALSE(std::string_view(refused.what()).contains("secret"));
    }
  }
  headers.add("x", "tab\tand \xC3\xA9 pass");
  EXPECT_EQ(headers.size(), 1U);
}

TEST(Headers, TakeOrLeaveWhatAPeerSent) {
  Headers headers;
  EXPECT_TRUE(headers.try_add("X-One", "1"));
  EXPECT_FALSE(headers.try_add("x two", "2"));
  EXPECT_FALSE(headers.try_add("x-three", "3\r\nx-four: 4"));
  EXPECT_EQ(joined(headers), "x-one=1;");
}

TEST(Headers, FindAnElementInAnyLineOfAList) {
  Headers headers;
  headers.add("connection", "keep-alive,  Upgrade");
  headers.add("connection", "x-last");
  EXPECT_TRUE(headers.has_element("Connection", "upgrade"));
  EXPECT_TRUE(headers.has_element("connection", "keep-alive"));
  EXPECT_TRUE(headers.has_element("connection", "X-LAST"));
  EXPECT_FALSE(headers.has_element("connection", "keep"));
  EXPECT_FALSE(headers.has_element("upgrade", "upgrade"));
}

TEST(HeaderText, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\na"), "\na");
}

TEST(HeaderText, ComparesAsciiLettersOnlyWithoutCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("[", "{")) << "32 apart, but no letters";
}

}  // namespace
}  // namespace mcdsl::http
