#include "mcdsl/http/response.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

struct Row {
  Code code;
  int status;
  std::string_view body;
};

// The whole table: what a client gets for each code when the error has no text of its own.
constexpr std::array<Row, 16> kTable{{
    {Code::cancelled, 499, R"({"error":"cancelled"})"},
    {Code::unknown, 500, R"({"error":"internal error"})"},
    {Code::invalid_argument, 400, R"({"error":"bad request"})"},
    {Code::deadline_exceeded, 504, R"({"error":"deadline exceeded"})"},
    {Code::not_found, 404, R"({"error":"not found"})"},
    {Code::already_exists, 409, R"({"error":"already exists"})"},
    {Code::permission_denied, 403, R"({"error":"not allowed"})"},
    {Code::resource_exhausted, 429, R"({"error":"too many requests"})"},
    {Code::failed_precondition, 412, R"({"error":"precondition failed"})"},
    {Code::aborted, 409, R"({"error":"conflict"})"},
    {Code::out_of_range, 400, R"({"error":"out of range"})"},
    {Code::unimplemented, 501, R"({"error":"not implemented"})"},
    {Code::internal, 500, R"({"error":"internal error"})"},
    {Code::unavailable, 503, R"({"error":"service unavailable"})"},
    {Code::data_loss, 500, R"({"error":"internal error"})"},
    {Code::unauthenticated, 401, R"({"error":"unauthenticated"})"},
}};

TEST(ErrorResponse, HasTheStatusAndTextOfEveryCode) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    const auto& [code, status, body] = kTable.at(i);
    ASSERT_EQ(static_cast<std::size_t>(code), i + 1) << "a code is missing from the table";
    const Response response = error(Error(code, "open /srv/x.db"));
    EXPECT_EQ(response.status, status) << name(code);
    EXPECT_EQ(response.body, body) << name(code);
    EXPECT_EQ(response.headers.get("content-type"), "application/json");
    EXPECT_NE(reason_phrase(status), "Unknown");
    ASSERT_NE(response.error, nullptr);
    EXPECT_EQ(response.error->message(), "open /srv/x.db");
  }
}

TEST(ErrorResponse, SaysHowToAuthenticateAndWhenToComeBack) {
  for (const Row& row : kTable) {
    const Response response = error(Error(row.code, "x"));
    const bool may_retry = row.code == Code::unavailable || row.code == Code::resource_exhausted;
    EXPECT_EQ(response.headers.get("www-authenticate") == "Bearer", row.code == Code::unauthenticated);
    EXPECT_EQ(response.headers.get("retry-after") == "1", may_retry) << name(row.code);
  }
}

TEST(ErrorResponse, ShowsTheVisibleTextEscaped) {
  const Response response = error(Error::visible(Code::invalid_argument, "field \"a\" </script>\n"));
  EXPECT_EQ(response.body, R"({"error":"field \"a\" \u003c/script>\n"})");
}

TEST(ErrorResponse, ShowsNothingOfTheCauses) {
  const Error error = Error(Code::unavailable, "connect to 10.0.0.7").wrap("ask mcias");
  const Response response = http::error(error);
  EXPECT_EQ(response.body, R"({"error":"service unavailable"})");
  EXPECT_EQ(response.error->to_string(), "ask mcias: connect to 10.0.0.7");
}

TEST(ErrorResponse, MayHaveAStatusWithoutACode) {
  const Response response = error(415, "want JSON");
  EXPECT_EQ(response.status, 415);
  EXPECT_EQ(response.body, R"({"error":"want JSON"})");
  EXPECT_EQ(response.error, nullptr);
}

TEST(Response, HasTheTypeOfItsContent) {
  EXPECT_EQ(text("a").headers.get("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(html("a").headers.get("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(json("{}").headers.get("content-type"), "application/json");
  EXPECT_EQ(json("{}").body, "{}");
  EXPECT_EQ(json("{}").status, 200);
}

TEST(Response, WithoutContentHasNeitherBodyNorType) {
  EXPECT_EQ(no_content().status, 204);
  EXPECT_EQ(no_content().body, "");
  EXPECT_TRUE(no_content().headers.empty());
}

TEST(Response, TakesAStatusAndHeadersInOneExpression) {
  const Response response = text("made").with_status(201).with_header("location", "/a").with_header("location", "/b");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("location"), "/b");
  EXPECT_EQ(response.headers.count("location"), 1U);
}

TEST(ReasonPhrase, KnowsTheRegisteredStatusesOnly) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  for (const int status : {0, 99, 299, 600, -1}) {
    EXPECT_EQ(reason_phrase(status), "Unknown") << status;
  }
}

}  // namespace
}  // namespace mcdsl::http
