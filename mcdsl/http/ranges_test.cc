#include "mcdsl/http/ranges.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::http {
namespace {

using Kind = RangeChoice::Kind;
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

struct Row {
  std::string_view field;
  std::uint64_t offset;
  std::uint64_t length;
};

TEST(ChooseRange, TakesASinglePart) {
  constexpr std::array<Row, 12> kRows{{{"bytes=0-0", 0, 1},
                                       {"bytes=0-9", 0, 10},
                                       {"bytes=3-5", 3, 3},
                                       {"Bytes=03-05", 3, 3},
                                       {"bytes=3-", 3, 7},
                                       {"bytes=9-", 9, 1},
                                       {"bytes=0-10", 0, 10},
                                       {"bytes=9-18446744073709551615", 9, 1},
                                       {"bytes=9-99999999999999999999999", 9, 1},
                                       {"bytes=-1", 9, 1},
                                       {"bytes=-10", 0, 10},
                                       {"bytes=-99999999999999999999999", 0, 10}}};
  for (const Row& row : kRows) {
    const RangeChoice choice = choose_range(row.field, 10);
    EXPECT_EQ(choice.kind, Kind::part) << row.field;
    EXPECT_EQ(choice.offset, row.offset) << row.field;
    EXPECT_EQ(choice.length, row.length) << row.field;
  }
}

TEST(ChooseRange, CannotSatisfyWhatIsPastTheEnd) {
  for (const std::string_view field : {"bytes=10-", "bytes=10-10", "bytes=10-20", "bytes=18446744073709551615-",
                                       "bytes=99999999999999999999999-", "bytes=-0", "bytes=-000"}) {
    EXPECT_EQ(choose_range(field, 10).kind, Kind::unsatisfiable) << field;
  }
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, Kind::unsatisfiable);
}

TEST(ChooseRange, GivesTheWholeForSeveralAndForNonsense) {
  for (const std::string_view field : {"",
                                       "bytes",
                                       "bytes=",
                                       "bytes=-",
                                       "bytes=--1",
                                       "bytes=1",
                                       "bytes=5-3",
                                       "bytes=a-b",
                                       "bytes=0-b",
                                       "bytes=0x1-2",
                                       "bytes=0-1,3-4",
                                       "bytes=0-,0-,0-",
                                       "bytes=0-1,",
                                       ",bytes=0-1",
                                       "bytes= 0-1",
                                       "bytes =0-1",
                                       "bytes=0 -1",
                                       "bytes=0-1 ",
                                       " bytes=0-1",
                                       "bytes=+1-2",
                                       "bytes=1-+2",
                                       "bytes=1--2",
                                       "bytes=-1-2",
                                       "bytes=1.5-2",
                                       "items=0-1",
                                       "byte=0-1",
                                       "bytes:0-1",
                                       "bytes=0-1;x",
                                       "bytes=99999999999999999999999-1"}) {
    EXPECT_EQ(choose_range(field, 10).kind, Kind::whole) << field;
  }
  EXPECT_EQ(choose_range("bytes=-5", 0).kind, Kind::whole);
}

constexpr std::string_view kDate = "Wed, 31 Dec 2025 23:59:59 GMT";  // a second before the clock of the tests

Response answer(Method method, const Fields& fields, Response whole) {
  const testing::ManualClock clock;
  Request request;
  request.start(method, "/");
  for (const auto& [name, value] : fields) {
    request.mutable_headers().add(name, value);
  }
  return with_range(request, std::move(whole), clock);
}

Response digits() {
  return text("0123456789").with_header("etag", "\"a\"").with_header("last-modified", kDate);
}

TEST(WithRange, CutsTheBodyAndSaysWhichPartItIs) {
  const Response response = answer(Method::get, {{"range", "bytes=3-5"}}, digits());
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.body, "345");
  EXPECT_EQ(response.headers.get("content-range"), "bytes 3-5/10");
  EXPECT_EQ(response.headers.get("etag"), "\"a\"");
  EXPECT_EQ(response.headers.get("content-type"), "text/plain; charset=utf-8");
}

TEST(WithRange, CutsAFileWithoutReadingIt) {
  Response whole;
  whole.file = FileBody{.fd = nullptr, .offset = 100, .length = std::uint64_t{1} << 40U};
  const Response response = answer(Method::get, {{"range", "bytes=-1"}}, std::move(whole));
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.file->offset, 100 + (std::uint64_t{1} << 40U) - 1);
  EXPECT_EQ(response.file->length, 1U);
  EXPECT_EQ(response.headers.get("content-range"), "bytes 1099511627775-1099511627775/1099511627776");
}

TEST(WithRange, RefusesWhatCannotBeHadAndTellsTheSize) {
  const Response response = answer(Method::get, {{"range", "bytes=10-"}}, digits());
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.headers.get("content-range"), "bytes */10");
  EXPECT_EQ(response.headers.get("etag"), "\"a\"");
  EXPECT_EQ(response.body, R"({"error":"range not satisfiable"})");
}

TEST(WithRange, SendsTheWholeToEverybodyElse) {
  for (const Fields& fields : {Fields{}, Fields{{"range", "bytes=0-1,3-4"}}, Fields{{"range", "bytes=5-3"}},
                               Fields{{"range", "bytes=0-1"}, {"range", "bytes=0-1"}}}) {
    const Response response = answer(Method::get, fields, digits());
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "0123456789");
    EXPECT_EQ(response.headers.get("accept-ranges"), "bytes");
  }
}

TEST(WithRange, KnowsNoPartsForOtherMethodsAndAnswers) {
  EXPECT_EQ(answer(Method::head, {{"range", "bytes=0-1"}}, digits()).status, 200);
  EXPECT_EQ(answer(Method::head, {{"range", "bytes=0-1"}}, digits()).headers.get("accept-ranges"), "bytes");
  const Response posted = answer(Method::post, {{"range", "bytes=0-1"}}, digits());
  EXPECT_EQ(posted.body, "0123456789");
  EXPECT_FALSE(posted.headers.contains("accept-ranges"));
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}}, digits().with_status(203)).status, 203);
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}}, stream("text/plain", {})).status, 200);
}

TEST(IfRange, HoldsForTheSameStrongTag) {
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "\"a\""}}, digits()).status, 206);
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "\"b\""}}, digits()).status, 200);
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "W/\"a\""}}, digits()).status, 200);
  Response weak = digits().with_header("etag", "W/\"a\"");
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "W/\"a\""}}, std::move(weak)).status, 200);
}

TEST(IfRange, HoldsForTheSameDateOnceItIsPast) {
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", kDate}}, digits()).status, 206);
  constexpr std::string_view kLater = "Thu, 01 Jan 2026 00:00:00 GMT";
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", kLater}}, digits()).status, 200);
  Response fresh = digits().with_header("last-modified", kLater);
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", kLater}}, std::move(fresh)).status, 200);
}

TEST(IfRange, DoesNotHoldWhereItCannotBeRead) {
  for (const std::string_view value : {"", "a", "*", "\"a\", \"a\"", "\"a", "yesterday"}) {
    EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", value}}, digits()).status, 200) << value;
    EXPECT_EQ(answer(Method::get, {{"range", "bytes=10-"}, {"if-range", value}}, digits()).status, 200) << value;
  }
  EXPECT_EQ(
      answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "\"a\""}, {"if-range", "\"a\""}}, digits()).status,
      200);
  EXPECT_EQ(answer(Method::get, {{"range", "bytes=0-1"}, {"if-range", "\"a\""}}, text("0123")).status, 200);
}

}  // namespace
}  // namespace mcdsl::http
