#include "mcdsl/base/time.h"

#include <array>
#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mcdsl {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Case = std::pair<std::string_view, nanoseconds>;

// Those that are read as something else, or not at all.
std::vector<std::string> misread(std::initializer_list<Case> cases) {
  std::vector<std::string> wrong;
  for (const auto& [text, expected] : cases) {
    if (const auto parsed = parse_duration(text); !parsed) {
      wrong.push_back(std::string(text) + ": " + std::string(parsed.error().message()));
    } else if (*parsed != expected) {
      wrong.push_back(std::string(text) + " is " + std::to_string(parsed->count()) + " ns");
    }
  }
  return wrong;
}

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_THAT(misread({{"0", nanoseconds(0)},
                       {"5s", seconds(5)},
                       {"1478s", seconds(1478)},
                       {"10ns", nanoseconds(10)},
                       {"11us", microseconds(11)},
                       {"12\xC2\xB5s", microseconds(12)},
                       {"12\xCE\xBCs", microseconds(12)},
                       {"13ms", milliseconds(13)},
                       {"14s", seconds(14)},
                       {"15m", minutes(15)},
                       {"16h", hours(16)}}),
              IsEmpty());
}

TEST(ParseDuration, ReadsSigns) {
  EXPECT_THAT(misread({{"-5s", seconds(-5)}, {"+5s", seconds(5)}, {"-0", nanoseconds(0)}, {"+0", nanoseconds(0)}}),
              IsEmpty());
}

TEST(ParseDuration, ReadsFractions) {
  EXPECT_THAT(misread({{"5.0s", seconds(5)},
                       {"5.6s", milliseconds(5600)},
                       {"5.s", seconds(5)},
                       {".5s", milliseconds(500)},
                       {"1.004s", milliseconds(1004)},
                       {"100.00100s", milliseconds(100001)},
                       {"0.1ns", nanoseconds(0)}}),
              IsEmpty());
}

TEST(ParseDuration, ReadsSumsInAnyOrder) {
  EXPECT_THAT(misread({{"3h30m", hours(3) + minutes(30)},
                       {"10.5s4m", minutes(4) + milliseconds(10500)},
                       {"-2m3.4s", -(minutes(2) + milliseconds(3400))},
                       {"1h2m3s4ms5us6ns",
                        hours(1) + minutes(2) + seconds(3) + milliseconds(4) + microseconds(5) + nanoseconds(6)},
                       {"39h9m14.425s", hours(39) + minutes(9) + milliseconds(14425)}}),
              IsEmpty());
}

TEST(ParseDuration, AgreesWithGoOnMoreDigitsThanADoubleHolds) {
  EXPECT_THAT(misread({{"52763797000ns", nanoseconds(52763797000)},
                       {"0.3333333333333333333h", minutes(20)},
                       {"9007199254740993ns", nanoseconds((1LL << 53) + 1)},
                       {"0.100000000000000000000h", minutes(6)},
                       {"0.830103483285477580700h", nanoseconds(2988372539827)},
                       {"0.9223372036854775807h", nanoseconds(3320413933267)}}),
              IsEmpty());
}

TEST(ParseDuration, ReachesBothEndsOfTheRangeAndNoFurther) {
  constexpr auto kLargest = nanoseconds::max();
  constexpr auto kSmallest = nanoseconds::min();
  EXPECT_THAT(misread({{"9223372036854775807ns", kLargest},
                       {"9223372036854775.807us", kLargest},
                       {"9223372036s854ms775us807ns", kLargest},
                       {"2562047h47m16.854775807s", kLargest},
                       {"-9223372036854775807ns", -kLargest},
                       {"-9223372036854775808ns", kSmallest},
                       {"-2562047h47m16.854775808s", kSmallest}}),
              IsEmpty());
  for (const std::string_view text : {"9223372036854775808ns", "9223372036854775.808us", "9223372036854ms775us808ns",
                                      "-9223372036854775809ns", "2562048h", "2540400h10m10.000000000s9223372036s",
                                      "99999999999999999999s", "3000000h", "10000000000000000000h"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_THAT(parsed.error().message(), HasSubstr("out of range")) << text;
  }
}

TEST(ParseDuration, SaysWhatIsWrongWithTheText) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kBad{{
      {"", "it is empty"},
      {"-", "it is empty"},
      {"+", "it is empty"},
      {"3", "a unit is missing"},
      {"-0.0", "a unit is missing"},
      {"s", "a number is missing"},
      {".", "a number is missing"},
      {".s", "a number is missing"},
      {"+.s", "a number is missing"},
      {"--5s", "a number is missing"},
      {" 5s", "a number is missing"},
      {"5 s", "unknown unit"},
      {"5S", "unknown unit"},
      {"1d", "unknown unit"},
      {"1h30", "a unit is missing"},
  }};
  for (const auto& [text, why] : kBad) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code(), Code::invalid_argument);
    EXPECT_THAT(parsed.error().message(), HasSubstr("is not a duration: " + std::string(why))) << text;
  }
}

TEST(ParseDuration, QuotesForeignBytesSafely) {
  const auto parsed = parse_duration("5\n\xffs");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message(), HasSubstr(R"("5\x0a\xffs")"));
}

TEST(FormatDuration, WritesWhatGoWrites) {
  constexpr std::array<Case, 14> kCases{{
      {"0s", nanoseconds(0)},
      {"1ns", nanoseconds(1)},
      {"1.1\xC2\xB5s", nanoseconds(1100)},
      {"2.2ms", microseconds(2200)},
      {"3.3s", milliseconds(3300)},
      {"1m0s", minutes(1)},
      {"1h0m0s", hours(1)},
      {"4m5s", minutes(4) + seconds(5)},
      {"4m5.001s", minutes(4) + milliseconds(5001)},
      {"5h6m7.001s", hours(5) + minutes(6) + milliseconds(7001)},
      {"8m0.000000001s", minutes(8) + nanoseconds(1)},
      {"-1.5s", milliseconds(-1500)},
      {"2562047h47m16.854775807s", nanoseconds::max()},
      {"-2562047h47m16.854775808s", nanoseconds::min()},
  }};
  for (const auto& [text, duration] : kCases) {
    EXPECT_EQ(format_duration(duration), text);
    EXPECT_EQ(parse_duration(text).value(), duration) << text;
  }
}

using Instant = std::chrono::system_clock::time_point;

Instant instant(int year_number, unsigned month, unsigned day, nanoseconds time_of_day = nanoseconds(0)) {
  return sys_days(year(year_number) / static_cast<int>(month) / static_cast<int>(day)) + time_of_day;
}

TEST(FormatRfc3339, WritesSecondsAndMillisecondsWhereThereAreAny) {
  EXPECT_EQ(format_rfc3339(instant(2026, 1, 31, hours(12))), "2026-01-31T12:00:00Z");
  EXPECT_EQ(format_rfc3339(instant(2026, 1, 31, hours(23) + minutes(59) + milliseconds(59007))),
            "2026-01-31T23:59:59.007Z");
  EXPECT_EQ(format_rfc3339(instant(2026, 1, 31, nanoseconds(1))), "2026-01-31T00:00:00Z");
}

TEST(FormatRfc3339, WritesTimesBeforeTheEpoch) {
  EXPECT_EQ(format_rfc3339(instant(1969, 12, 31, hours(24) - milliseconds(1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(instant(1678, 1, 1)), "1678-01-01T00:00:00Z");
}

TEST(ParseRfc3339, ReadsEveryFormOfRfc3339) {
  const Instant noon = instant(2026, 1, 31, hours(12));
  for (const std::string_view text :
       {"2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.000000000Z", "2026-01-31T12:00:00+00:00",
        "2026-01-31T12:00:00-00:00", "2026-01-31T14:30:00+02:30", "2026-01-31T00:00:00-12:00",
        "2026-02-01T11:59:00+23:59"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(*parsed, noon) << text;
  }
}

TEST(ParseRfc3339, KeepsFractionsToTheNanosecond) {
  EXPECT_EQ(parse_rfc3339("2026-01-31T00:00:00.5Z").value(), instant(2026, 1, 31, milliseconds(500)));
  EXPECT_EQ(parse_rfc3339("2026-01-31T00:00:00.123456789Z").value(), instant(2026, 1, 31, nanoseconds(123456789)));
}

TEST(ParseRfc3339, ReadsALeapSecondAsTheSecondBeforeIt) {
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z").value(), parse_rfc3339("2016-12-31T23:59:59Z").value());
}

TEST(ParseRfc3339, KnowsLeapYears) {
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
  EXPECT_TRUE(parse_rfc3339("2000-02-29T00:00:00Z").has_value());
  EXPECT_FALSE(parse_rfc3339("2026-02-29T00:00:00Z").has_value());
  EXPECT_FALSE(parse_rfc3339("1900-02-29T00:00:00Z").has_value());
}

TEST(ParseRfc3339, ReachesTheFirstAndLastYearThatTheClockHolds) {
  EXPECT_EQ(parse_rfc3339("1678-01-01T00:00:00+23:59").value(), instant(1677, 12, 31, minutes(1)));
  EXPECT_EQ(parse_rfc3339("2261-12-31T23:59:59.999999999-23:59").value(),
            instant(2262, 1, 1, hours(24) - minutes(1) - nanoseconds(1)));
  EXPECT_FALSE(parse_rfc3339("1677-12-31T23:59:59Z").has_value());
  EXPECT_FALSE(parse_rfc3339("2262-01-01T00:00:00Z").has_value());
  EXPECT_FALSE(parse_rfc3339("0001-01-01T00:00:00Z").has_value());
}

TEST(ParseRfc3339, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "2026-01-31",
                                      "2026-01-31T12:00:00",
                                      "2026-01-31 12:00:00Z",
                                      "2026-1-31T12:00:00Z",
                                      "2026-01-31T12:00Z",
                                      "2026-00-31T12:00:00Z",
                                      "2026-13-01T12:00:00Z",
                                      "2026-01-00T12:00:00Z",
                                      "2026-04-31T12:00:00Z",
                                      "2026-01-31T24:00:00Z",
                                      "2026-01-31T12:60:00Z",
                                      "2026-01-31T12:00:61Z",
                                      "2026-01-31T12:00:00.Z",
                                      "2026-01-31T12:00:00.1234567890Z",
                                      "2026-01-31T12:00:00,5Z",
                                      "2026-01-31T12:00:00+24:00",
                                      "2026-01-31T12:00:00+02:60",
                                      "2026-01-31T12:00:00+0200",
                                      "2026-01-31T12:00:00+02",
                                      "2026-01-31T12:00:00Zx",
                                      "+026-01-31T12:00:00Z",
                                      "2026/01/31T12:00:00Z",
                                      "2026-01-31T12-00-00Z",
                                      "20260131T120000Z",
                                      "2026-01-31T"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code(), Code::invalid_argument);
  }
}

TEST(ParseRfc3339, ReadsBackWhatFormatWrote) {
  for (int day = 0; day < 80'000; day += 37) {
    const Instant time = instant(2000, 1, 1) + days(day) - days(40'000) + milliseconds(day * 1009);
    EXPECT_EQ(parse_rfc3339(format_rfc3339(time)).value(), time);
  }
}

}  // namespace
}  // namespace mcdsl
