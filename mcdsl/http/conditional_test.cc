#include "mcdsl/http/conditional.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/date.h"
#include "mcdsl/http/entity_tag.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::http {
namespace {

using namespace std::chrono;
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr sys_seconds kModified = sys_days(2025y / June / 1);
constexpr std::string_view kBefore = "Sat, 31 May 2025 23:59:59 GMT";
constexpr std::string_view kExactly = "Sun, 01 Jun 2025 00:00:00 GMT";
constexpr std::string_view kAfter = "Sun, 01 Jun 2025 00:00:01 GMT";
constexpr int kCarriedOut = 0;

Request request_with(Method method, const Fields& fields) {
  Request request;
  request.start(method, "/thing");
  for (const auto& [name, value] : fields) {
    request.mutable_headers().add(name, value);
  }
  return request;
}

int status_for(Method method, const std::optional<Validators>& current, const Fields& fields) {
  const testing::ManualClock clock;
  const auto refused = check_preconditions(request_with(method, fields), current, clock);
  return refused ? refused->status : kCarriedOut;
}

const Validators kStrong{.etag = "\"a\"", .last_modified = kModified};
const Validators kWeak{.etag = "W/\"a\"", .last_modified = kModified};

TEST(IfMatch, PassesTheStateItNames) {
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "\"a\""}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "\"b\", \"a\""}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", " , \"b\" ,,\"a\","}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "\"b\""}, {"if-match", "\"a\""}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "*"}}), kCarriedOut);
}

TEST(IfMatch, FailsForAnyOtherState) {
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "\"b\""}}), 412);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-match", "\"b\""}}), 412);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", ""}}), 412);
  EXPECT_EQ(status_for(Method::put, std::nullopt, {{"if-match", "*"}}), 412);
  EXPECT_EQ(status_for(Method::put, std::nullopt, {{"if-match", "\"a\""}}), 412);
  EXPECT_EQ(status_for(Method::put, Validators{}, {{"if-match", "\"\""}}), 412);
}

TEST(IfMatch, ComparesStrongly) {
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "W/\"a\""}}), 412);
  EXPECT_EQ(status_for(Method::put, kWeak, {{"if-match", "\"a\""}}), 412);
  EXPECT_EQ(status_for(Method::put, kWeak, {{"if-match", "W/\"a\""}}), 412);
}

TEST(IfMatch, FailsWhereItIsMalformed) {
  for (const std::string_view list : {"a", "\"a\" \"a\"", "\"a\", *", "*, \"a\"", "\"a\"; \"a\"", "\"a", "\"a\",b"}) {
    EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", list}}), 412) << list;
  }
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "*"}, {"if-match", "*"}}), 412);
}

TEST(IfUnmodifiedSince, FailsForALaterState) {
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-unmodified-since", kBefore}}), 412);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-unmodified-since", kExactly}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-unmodified-since", kAfter}}), kCarriedOut);
}

TEST(IfUnmodifiedSince, CountsForNothingBesideIfMatchOrWithoutADate) {
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-match", "\"a\""}, {"if-unmodified-since", kBefore}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-unmodified-since", "yesterday"}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, Validators{.etag = "\"a\""}, {{"if-unmodified-since", kBefore}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, std::nullopt, {{"if-unmodified-since", kBefore}}), kCarriedOut);
}

TEST(IfNoneMatch, IsNotModifiedForReadersAndFailedForWriters) {
  for (const std::string_view list : {"\"a\"", "W/\"a\"", "\"b\",\"a\"", "*"}) {
    EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", list}}), 304) << list;
    EXPECT_EQ(status_for(Method::head, kStrong, {{"if-none-match", list}}), 304) << list;
    EXPECT_EQ(status_for(Method::get, kWeak, {{"if-none-match", list}}), 304) << list;
    EXPECT_EQ(status_for(Method::put, kStrong, {{"if-none-match", list}}), 412) << list;
    EXPECT_EQ(status_for(Method::delete_, kStrong, {{"if-none-match", list}}), 412) << list;
  }
}

TEST(IfNoneMatch, PassesAnyOtherState) {
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", "\"b\""}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-none-match", "\"b\""}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, std::nullopt, {{"if-none-match", "*"}}), kCarriedOut);
}

TEST(IfNoneMatch, WhereMalformedGivesReadersTheWholeAndWritersNothing) {
  for (const std::string_view list : {"a", "\"a\" \"a\"", "\"a\", *", "\"a"}) {
    EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", list}}), kCarriedOut) << list;
    EXPECT_EQ(status_for(Method::put, kStrong, {{"if-none-match", list}}), 412) << list;
  }
}

TEST(IfModifiedSince, IsNotModifiedForReadersOfTheSameOrAnEarlierState) {
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-modified-since", kExactly}}), 304);
  EXPECT_EQ(status_for(Method::head, kStrong, {{"if-modified-since", kAfter}}), 304);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-modified-since", kBefore}}), kCarriedOut);
}

TEST(IfModifiedSince, CountsForNothingElsewhere) {
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", "\"b\""}, {"if-modified-since", kAfter}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {{"if-modified-since", kAfter}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-modified-since", "now"}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-modified-since", kAfter}, {"if-modified-since", kAfter}}),
            kCarriedOut);
  EXPECT_EQ(status_for(Method::get, Validators{.etag = "\"a\""}, {{"if-modified-since", kAfter}}), kCarriedOut);
}

TEST(Preconditions, AreTakenInTheOrderOfTheStandard) {
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", "\"a\""}, {"if-match", "\"b\""}}), 412);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", "\"a\""}, {"if-match", "\"a\""}}), 304);
  EXPECT_EQ(status_for(Method::get, kStrong, {{"if-none-match", "\"a\""}, {"if-unmodified-since", kBefore}}), 412);
  EXPECT_EQ(status_for(Method::options, kStrong, {{"if-match", "\"b\""}, {"if-none-match", "*"}}), kCarriedOut);
  EXPECT_EQ(status_for(Method::put, kStrong, {}), kCarriedOut);
}

TEST(Preconditions, AnswerWithTheValidatorsOfNow) {
  const auto failed = check_preconditions(request_with(Method::put, {{"if-match", "\"b\""}}), kStrong);
  EXPECT_EQ(failed->headers.get("etag"), "\"a\"");
  EXPECT_EQ(failed->headers.get("last-modified"), kExactly);
  EXPECT_EQ(failed->body, R"({"error":"precondition failed"})");
  const auto unmodified = check_preconditions(request_with(Method::get, {{"if-none-match", "\"a\""}}), kStrong);
  EXPECT_EQ(unmodified->headers.get("etag"), "\"a\"");
  EXPECT_FALSE(unmodified->headers.contains("last-modified"));
  EXPECT_EQ(unmodified->body, "");
}

Response page() {
  return html("<p>")
      .with_header("etag", "\"a\"")
      .with_header("last-modified", kExactly)
      .with_header("cache-control", "max-age=60")
      .with_header("vary", "cookie")
      .with_header("content-language", "en")
      .with_header("content-encoding", "x")
      .with_header("x-other", "1");
}

TEST(WithPreconditions, KeepsOfANotModifiedAnswerWhatACacheNeeds) {
  const Response response = with_preconditions(request_with(Method::get, {{"if-none-match", "\"a\""}}), page());
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
  for (const std::string_view kept : {"etag", "cache-control", "vary", "x-other"}) {
    EXPECT_TRUE(response.headers.contains(kept)) << kept;
  }
  for (const std::string_view gone : {"content-type", "content-language", "content-encoding", "last-modified"}) {
    EXPECT_FALSE(response.headers.contains(gone)) << gone;
  }
}

TEST(WithPreconditions, KeepsTheDateWhereThereIsNoTag) {
  Response whole = text("x").with_header("last-modified", kExactly);
  const Response response =
      with_preconditions(request_with(Method::get, {{"if-modified-since", kExactly}}), std::move(whole));
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.headers.get("last-modified"), kExactly);
}

TEST(WithPreconditions, KeepsOfAFailedOneWhatTheClientHasToKnow) {
  const Response response = with_preconditions(request_with(Method::get, {{"if-match", "\"b\""}}), page());
  EXPECT_EQ(response.status, 412);
  EXPECT_EQ(response.headers.get("etag"), "\"a\"");
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
  EXPECT_FALSE(response.headers.contains("cache-control"));  // a failure is not to be kept
}

TEST(WithPreconditions, LeavesOtherAnswersAndMethodsAlone) {
  EXPECT_EQ(with_preconditions(request_with(Method::get, {}), page()).body, "<p>");
  EXPECT_EQ(with_preconditions(request_with(Method::post, {{"if-none-match", "*"}}), page()).status, 200);
  EXPECT_EQ(with_preconditions(request_with(Method::get, {{"if-match", "*"}}), page().with_status(404)).status, 404);
}

Response through_middleware(Request request, Response made) {
  return conditional_requests()([&](Request&) { return std::move(made); })(request);
}

TEST(ConditionalRequests, GiveBodiesTheirHashAsTag) {
  EXPECT_EQ(through_middleware(request_with(Method::get, {}), text("x")).headers.get("etag"), entity_tag_of("x"));
  EXPECT_EQ(through_middleware(request_with(Method::head, {}), text("x")).headers.get("etag"), entity_tag_of("x"));
}

TEST(ConditionalRequests, AnswerWhoHasTheBodyAlready) {
  const std::string tag = entity_tag_of("x");
  EXPECT_EQ(through_middleware(request_with(Method::get, {{"if-none-match", tag}}), text("x")).status, 304);
  EXPECT_EQ(through_middleware(request_with(Method::get, {{"if-none-match", tag}}), text("y")).status, 200);
}

TEST(ConditionalRequests, KeepTheTagOfTheHandler) {
  EXPECT_EQ(through_middleware(request_with(Method::get, {}), page()).headers.get("etag"), "\"a\"");
  EXPECT_EQ(through_middleware(request_with(Method::get, {{"if-none-match", "\"a\""}}), page()).status, 304);
}

TEST(ConditionalRequests, TagNothingElse) {
  EXPECT_FALSE(through_middleware(request_with(Method::post, {}), text("x")).headers.contains("etag"));
  EXPECT_FALSE(through_middleware(request_with(Method::get, {}), error(404, "not found")).headers.contains("etag"));
  Response file;
  file.file = FileBody{};
  EXPECT_FALSE(through_middleware(request_with(Method::get, {}), std::move(file)).headers.contains("etag"));
  EXPECT_FALSE(through_middleware(request_with(Method::get, {}), stream("text/plain", {})).headers.contains("etag"));
}

}  // namespace
}  // namespace mcdsl::http
