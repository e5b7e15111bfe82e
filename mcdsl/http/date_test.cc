#include "mcdsl/http/date.h"

#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

using namespace std::chrono;

constexpr sys_seconds kExample = sys_days(1994y / November / 6) + 8h + 49min + 37s;  // of RFC 9110 §5.6.7
constexpr sys_seconds kNow = sys_days(2026y / January / 1);

TEST(FormatDate, WritesTheFormOfFixedLength) {
  EXPECT_EQ(format_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(sys_seconds()), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(sys_days(2024y / February / 29) + 23h + 59min + 59s), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(ParseDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994", kNow), kExample + days(10));
}

TEST(ParseDate, ReadsWhatFormatDateWrites) {
  for (int day = 0; day < 40'000; day += 97) {
    const sys_seconds time = sys_days(days(day)) + seconds(day);
    EXPECT_EQ(parse_date(format_date(time), kNow), time);
  }
}

TEST(ParseDate, TakesAYearOfTwoDigitsForOneNotMoreThanFiftyYearsAhead) {
  const auto year_of = [](std::string_view digits) {
    const auto time = parse_date("Monday, 01-Jan-" + std::string(digits) + " 00:00:00 GMT", kNow);
    return static_cast<int>(year_month_day(floor<days>(time.value())).year());
  };
  EXPECT_EQ(year_of("26"), 2026);
  EXPECT_EQ(year_of("76"), 2076);
  EXPECT_EQ(year_of("77"), 1977);
  EXPECT_EQ(year_of("99"), 1999);
  EXPECT_EQ(year_of("00"), 2000);
}

TEST(ParseDate, KnowsLeapSecondsAndLeapYears) {
  EXPECT_EQ(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow), sys_days(2017y / January / 1));
  EXPECT_TRUE(parse_date("Thu, 29 Feb 2024 00:00:00 GMT", kNow));
  EXPECT_FALSE(parse_date("Sat, 29 Feb 2025 00:00:00 GMT", kNow));
}

TEST(ParseDate, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "Sun",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      " Sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 94 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Sun, 06 Nov 1994 8:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:3a GMT",
                                      "Sun, 06 Nov 1994 -8:49:37 GMT",
                                      "Xyz, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-1994 08:49:37 GMT",
                                      "Sun, 06-Nov-94 08:49:37 GMT",
                                      "Sunday, 06 Nov 94 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "Sun Nov  6 08:49:37 1994 GMT",
                                      "1994-11-06T08:49:37Z",
                                      "784111777"}) {
    EXPECT_FALSE(parse_date(text, kNow)) << text;
  }
  EXPECT_FALSE(parse_date(std::string_view("Sun, 06 Nov 1994 08:49:37 GMT\0", 30), kNow));
}

}  // namespace
}  // namespace mcdsl::http
