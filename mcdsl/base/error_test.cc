#include "mcdsl/base/error.h"

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/base/result.h"

namespace mcdsl {
namespace {

using ::testing::HasSubstr;

struct Row {
  Code code;
  int number;
  std::string_view name;
  int http_status;
  std::string_view public_text;
};

// google.rpc.Code's numbers and names, the HTTP statuses google.api gives them, but 412 for failed_precondition.
constexpr std::array<Row, 16> kRows{{
    {Code::cancelled, 1, "cancelled", 499, "cancelled"},
    {Code::unknown, 2, "unknown", 500, "internal error"},
    {Code::invalid_argument, 3, "invalid_argument", 400, "bad request"},
    {Code::deadline_exceeded, 4, "deadline_exceeded", 504, "deadline exceeded"},
    {Code::not_found, 5, "not_found", 404, "not found"},
    {Code::already_exists, 6, "already_exists", 409, "already exists"},
    {Code::permission_denied, 7, "permission_denied", 403, "not allowed"},
    {Code::resource_exhausted, 8, "resource_exhausted", 429, "too many requests"},
    {Code::failed_precondition, 9, "failed_precondition", 412, "precondition failed"},
    {Code::aborted, 10, "aborted", 409, "conflict"},
    {Code::out_of_range, 11, "out_of_range", 400, "out of range"},
    {Code::unimplemented, 12, "unimplemented", 501, "not implemented"},
    {Code::internal, 13, "internal", 500, "internal error"},
    {Code::unavailable, 14, "unavailable", 503, "service unavailable"},
    {Code::data_loss, 15, "data_loss", 500, "internal error"},
    {Code::unauthenticated, 16, "unauthenticated", 401, "unauthenticated"},
}};

TEST(ErrorTable, GivesEveryCodeItsGrpcNumberNameStatusAndPublicText) {
  for (const Row& row : kRows) {
    EXPECT_EQ(static_cast<int>(row.code), row.number);
    EXPECT_EQ(name(row.code), row.name);
    EXPECT_EQ(http_status(row.code), row.http_status) << row.name;
    EXPECT_EQ(Error(row.code, "detail").public_text(), row.public_text) << row.name;
  }
}

TEST(ErrorTable, TakesANumberThatNamesNoFailureForUnknown) {
  for (const int number : {0, 17, 255}) {
    EXPECT_EQ(name(static_cast<Code>(number)), "unknown") << number;
    EXPECT_EQ(http_status(static_cast<Code>(number)), 500) << number;
  }
}

TEST(Error, NeverShowsItsMessageToTheClient) {
  const Error error(Code::internal, "open /srv/notes/notes.db: disk I/O error");
  EXPECT_EQ(error.public_text(), "internal error");
}

TEST(Error, ShowsTheClientAVisibleMessage) {
  const Error error = Error::visible(Code::invalid_argument, "slug is too long");
  EXPECT_EQ(error.message(), "slug is too long");
  EXPECT_EQ(error.public_text(), "slug is too long");
}

TEST(Error, TakesAPublicTextOfItsOwn) {
  const Error error = Error(Code::not_found, "no row 7 in documents").with_public_text("no such document");
  EXPECT_EQ(error.message(), "no row 7 in documents");
  EXPECT_EQ(error.public_text(), "no such document");
}

TEST(Error, KeepsCodeAndPublicTextWhenWrapped) {
  const Error inner = Error::visible(Code::not_found, "no such document");
  const Error outer = inner.wrap("read document");
  EXPECT_EQ(outer.code(), Code::not_found);
  EXPECT_EQ(outer.public_text(), "no such document");
  ASSERT_NE(outer.cause(), nullptr);
  EXPECT_EQ(outer.cause()->message(), "no such document");
}

TEST(Error, ChangesItsCodeWithoutLosingTheRest) {
  const Error error = Error(Code::unavailable, "identity service: timeout").wrap("login").with_code(Code::internal);
  EXPECT_EQ(error.code(), Code::internal);
  EXPECT_EQ(error.to_string(), "login: identity service: timeout");
}

TEST(Error, WritesTheWholeChainOutermostFirst) {
  const Error error = Error(Code::resource_exhausted, "disk full").wrap("open /srv/x.db").wrap("start");
  EXPECT_EQ(error.to_string(), "start: open /srv/x.db: disk full");
}

TEST(Error, SharesItsCauseBetweenCopies) {
  const Error error = Error(Code::internal, "inner").wrap("outer");
  const Error copy = error;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
  EXPECT_EQ(copy.cause(), error.cause());
}

TEST(Exception, CarriesTheErrorAndItsChain) {
  const Exception exception(Error(Code::unavailable, "port taken").wrap("listen"));
  EXPECT_STREQ(exception.what(), "listen: port taken");
  EXPECT_EQ(exception.error().code(), Code::unavailable);
}

TEST(Result, HoldsTheErrorThatFailMade) {
  const Result<int> result = fail(Code::not_found, "no row 7");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Code::not_found);
  EXPECT_EQ(result.error().public_text(), "not found");
}

TEST(Result, ShowsTheClientWhatFailVisibleSays) {
  const Result<int> result = fail_visible(Code::invalid_argument, "page must be positive");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().public_text(), "page must be positive");
}

TEST(ValueOrThrow, GivesTheValue) {
  EXPECT_EQ(value_or_throw(Result<std::string>("text")), "text");
  EXPECT_NO_THROW(value_or_throw(Result<void>()));
}

TEST(ValueOrThrow, ThrowsTheErrorAsAnException) {
  try {
    value_or_throw(Result<void>(fail(Code::data_loss, "checksum differs")));
    FAIL() << "nothing was thrown";
  } catch (const Exception& exception) {
    EXPECT_EQ(exception.error().code(), Code::data_loss);
    EXPECT_STREQ(exception.what(), "checksum differs");
  }
}

TEST(ErrnoText, NamesTheFailure) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_THAT(errno_text(99999), HasSubstr("99999"));
}

}  // namespace
}  // namespace mcdsl
