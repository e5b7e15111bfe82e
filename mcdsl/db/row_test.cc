#include "mcdsl/db/row.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/db/database_for_test.h"

namespace mcdsl::db {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Scratch;
using testing::thrown_by;

Blob bytes(std::initializer_list<int> values) {
  Blob blob;
  for (const int value : values) {
    blob.push_back(static_cast<std::byte>(value));
  }
  return blob;
}

// What a value becomes on its way into a column and back.
template <class T>
T round_trip(const Scratch& scratch, const T& value) {
  return scratch.get<T>("SELECT ?1", value);
}

template <class T>
class WholeNumbers : public ::testing::Test {};
using WholeNumberTypes = ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                          std::uint32_t, std::int64_t, long long>;
TYPED_TEST_SUITE(WholeNumbers, WholeNumberTypes);

TYPED_TEST(WholeNumbers, ComeBackFromBothEndsOfTheirRange) {
  const Scratch scratch;
  using Limits = std::numeric_limits<TypeParam>;
  EXPECT_EQ(round_trip(scratch, Limits::min()), Limits::min());
  EXPECT_EQ(round_trip(scratch, Limits::max()), Limits::max());
}

TEST(Row, ReadsEveryOtherTypeAsItWasBound) {
  const Scratch scratch;
  EXPECT_TRUE(round_trip(scratch, true));
  EXPECT_FALSE(round_trip(scratch, false));
  EXPECT_EQ(round_trip(scratch, 0.1), 0.1);
  EXPECT_EQ(round_trip(scratch, -std::numeric_limits<double>::infinity()), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(round_trip<std::string>(scratch, "größer"), "größer");
  EXPECT_EQ(round_trip(scratch, std::string(70'000, 'x')), std::string(70'000, 'x'));
  EXPECT_EQ(round_trip(scratch, bytes({0, 255, 0})), bytes({0, 255, 0}));
}

TEST(Row, KeepsAnEmptyTextAndAnEmptyBlobApartFromNull) {
  const Scratch scratch;
  EXPECT_EQ(round_trip(scratch, std::optional<std::string>("")), "");
  EXPECT_EQ(scratch.get<std::optional<std::string>>("SELECT ?1", std::string_view()), "");
  EXPECT_EQ(round_trip(scratch, std::optional<Blob>(Blob())), Blob());
  EXPECT_EQ(scratch.get<std::string>("SELECT typeof(?1)", Blob()), "blob");
}

TEST(Row, KeepsANulCharacterInsideAText) {
  const Scratch scratch;
  const std::string text("a\0b\0", 4);
  scratch.run("CREATE TABLE notes (body TEXT)");
  scratch.run("INSERT INTO notes VALUES (?1)", text);
  EXPECT_EQ(scratch.get<std::string>("SELECT body FROM notes"), text);
  EXPECT_EQ(scratch.get("SELECT count(*) FROM notes WHERE body = ?1", text), 1);
}

TEST(Row, ReadsNullIntoAnOptionalOfAnyType) {
  const Scratch scratch;
  EXPECT_EQ(scratch.get<std::optional<std::int64_t>>("SELECT NULL"), std::nullopt);
  EXPECT_EQ(scratch.get<std::optional<std::string>>("SELECT ?1", std::nullopt), std::nullopt);
  EXPECT_EQ(round_trip(scratch, std::optional<double>()), std::nullopt);
  EXPECT_EQ(round_trip(scratch, std::optional<Time>()), std::nullopt);
  EXPECT_EQ(round_trip(scratch, std::optional<int>(7)), 7);
}

TEST(Row, KeepsATimeToTheMicrosecond) {
  const Scratch scratch;
  const Time time = Time(1'767'225'600s) + 123'456us;
  EXPECT_EQ(round_trip(scratch, time), time);
  EXPECT_EQ(round_trip(scratch, time + 789ns), time);
  EXPECT_EQ(round_trip(scratch, Time(-1ns)), Time(-1us)) << "before 1970 it is the earlier microsecond too";
  EXPECT_EQ(scratch.get("SELECT ?1", time), 1'767'225'600'123'456);
}

TEST(Row, RefusesATimeThatTheClockCannotHold) {
  const Scratch scratch;
  for (const std::int64_t micros : {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                                    std::int64_t{9'223'372'036'854'776}, std::int64_t{-9'223'372'036'854'776}}) {
    const Error error = thrown_by([&] { (void)scratch.get<Time>("SELECT ?1 AS created_at", micros); });
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.message(), HasSubstr("created_at"));
    EXPECT_THAT(error.message(), HasSubstr("out of range"));
  }
  EXPECT_EQ(scratch.get<Time>("SELECT ?1", std::int64_t{9'223'372'036'854'775}), Time(9'223'372'036'854'775us));
}

TEST(Row, ReadsAWholeNumberIntoADouble) {
  const Scratch scratch;
  EXPECT_EQ(scratch.get<double>("SELECT 3"), 3.0);
}

TEST(Row, StoresNotANumberAsNull) {
  const Scratch scratch;
  EXPECT_EQ(scratch.get<std::string>("SELECT typeof(?1)", std::nan("")), "null");
}

struct Author {
  std::string name;
  std::optional<int> born;

  void bind(Row& row) { row.into(name, born); }
  bool operator==(const Author&) const = default;
};

struct Book {
  std::string title;
  Author author;
  bool read = false;

  void bind(Row& row) { row.into(title, author, read); }
  bool operator==(const Book&) const = default;
};

TEST(Row, FillsAStructWithAStructInsideInTheOrderOfTheColumns) {
  const Scratch scratch;
  const Book book = scratch.get<Book>("SELECT 'Momo', 'Ende', 1929, 1");
  EXPECT_EQ(book, (Book{.title = "Momo", .author = {.name = "Ende", .born = 1929}, .read = true}));
}

TEST(Row, FillsATuple) {
  const Scratch scratch;
  using Columns = std::tuple<std::int64_t, std::optional<std::string>, double>;
  EXPECT_EQ(scratch.get<Columns>("SELECT 1, NULL, 2.5"), Columns(1, std::nullopt, 2.5));
}

TEST(Row, ShowsTextAndBytesInPlaceWhileTheStatementStandsOnThem) {
  const Scratch scratch;
  std::vector<std::string> texts;
  std::vector<std::size_t> sizes;
  scratch.database.read([&](ReadTransaction& transaction) {
    transaction.for_each<std::tuple<std::string_view, BlobView>>(
        "SELECT 'one', x'00' UNION ALL SELECT 'two', x'0000'", [&](const std::tuple<std::string_view, BlobView>& row) {
          texts.emplace_back(std::get<0>(row));
          sizes.push_back(std::get<1>(row).size());
        });
  });
  EXPECT_THAT(texts, ElementsAre("one", "two"));
  EXPECT_THAT(sizes, ElementsAre(1, 2));
}

// A query, the type it is read as, and what the error has to say.
template <class T>
::testing::AssertionResult is_refused(std::string_view sql, std::initializer_list<std::string_view> pieces) {
  const Scratch scratch;
  const Error error = thrown_by([&] { (void)scratch.get<T>(sql); });
  const bool says_all = std::ranges::all_of(pieces, [&](auto piece) { return error.message().contains(piece); });
  return error.code() == Code::internal && says_all ? ::testing::AssertionSuccess()
                                                    : ::testing::AssertionFailure() << sql << ": " << error.to_string();
}

TEST(Row, NamesTheColumnWhoseTypeDiffers) {
  EXPECT_TRUE((is_refused<std::int64_t>("SELECT 'x' AS size", {"column 1 (size)", "a text", "not an integer"})));
  EXPECT_TRUE((is_refused<std::int64_t>("SELECT 1.5 AS size", {"(size)", "a real number"})));
  EXPECT_TRUE((is_refused<std::string>("SELECT 7 AS slug", {"(slug)", "an integer", "not a text"})));
  EXPECT_TRUE((is_refused<std::string>("SELECT x'00' AS slug", {"(slug)", "a blob"})));
  EXPECT_TRUE((is_refused<Blob>("SELECT 'x' AS body", {"(body)", "not a blob"})));
  EXPECT_TRUE((is_refused<double>("SELECT 'x' AS weight", {"(weight)", "not a real number"})));
  EXPECT_TRUE((is_refused<Time>("SELECT '2026' AS at", {"(at)", "not an integer"})));
  EXPECT_TRUE((is_refused<std::tuple<int, bool>>("SELECT 1, 'yes' AS read", {"column 2 (read)"})));
}

TEST(Row, NamesTheColumnThatIsNullWhereTheFieldIsNotOptional) {
  EXPECT_TRUE((is_refused<std::string>("SELECT NULL AS slug", {"(slug)", "NULL"})));
  EXPECT_TRUE((is_refused<double>("SELECT NULL AS weight", {"(weight)", "NULL"})));
}

TEST(Row, NamesTheColumnWhoseNumberDoesNotFit) {
  EXPECT_TRUE((is_refused<std::uint8_t>("SELECT 256 AS level", {"(level)", "256", "out of range"})));
  EXPECT_TRUE((is_refused<std::uint32_t>("SELECT -1 AS level", {"(level)", "-1"})));
  EXPECT_TRUE((is_refused<std::uint64_t>("SELECT -1 AS level", {"(level)", "-1"})));
  EXPECT_TRUE((is_refused<bool>("SELECT 2 AS read", {"(read)", "2"})));
}

TEST(Row, SaysThatThereAreTooFewColumns) {
  EXPECT_TRUE((is_refused<std::tuple<int, int>>("SELECT 1", {"SELECT 1", "1 columns"})));
  EXPECT_TRUE((is_refused<std::tuple<int, double>>("SELECT 1", {"1 columns"})));
  EXPECT_TRUE((is_refused<std::tuple<int, std::optional<int>>>("SELECT 1", {"1 columns"})));
}

TEST(Row, GoesOnAfterAnErrorInTheMiddleOfAResult) {
  const Scratch scratch;
  scratch.database.read([&](ReadTransaction& transaction) {
    const auto ask = [&] { return transaction.query<int>("SELECT 1 UNION ALL SELECT 'x' LIMIT ?1", 2); };
    EXPECT_THROW((void)ask(), Exception);
    EXPECT_THROW((void)ask(), Exception);
    EXPECT_EQ(transaction.query_one<int>("SELECT 1 UNION ALL SELECT 'x' LIMIT ?1", 1), 1);
  });
}

}  // namespace
}  // namespace mcdsl::db
