#include "mcdsl/grpcserver/internal/status.h"

#include <string>
#include <vector>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

namespace mcdsl::grpcserver {
namespace {

google::rpc::Status parsed(const std::string& bytes) {
  google::rpc::Status status;
  EXPECT_TRUE(status.ParseFromString(bytes));
  return status;
}

TEST(StatusDetails, CarryCodeAndPublicText) {
  const auto status = parsed(status_details(Error::visible(Code::not_found, "no note 7")));
  EXPECT_EQ(status.code(), 5);
  EXPECT_EQ(status.message(), "no note 7");
  EXPECT_EQ(status.details_size(), 0);
}

TEST(StatusDetails, HoldNothingOfTheOperators) {
  const Error error = Error(Code::internal, "open /srv/notes.db: disk full").wrap("get note");
  EXPECT_EQ(parsed(status_details(error)).message(), "internal error");
}

TEST(StatusDetails, CarryDetailsThatClientsUnpack) {
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field("note.title");
  const auto status = parsed(status_details(Error(Code::invalid_argument, "bad title")
                                                .with_detail({"google.rpc.BadRequest", bad.SerializeAsString()})
                                                .wrap("store note")));
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/google.rpc.BadRequest");
  google::rpc::BadRequest back;
  ASSERT_TRUE(status.details(0).UnpackTo(&back));
  EXPECT_EQ(back.field_violations(0).field(), "note.title");
}

TEST(StatusDetails, StayReadableWhereATextIsNotUtf8) {
  EXPECT_EQ(parsed(status_details(Error::visible(Code::unknown, "a\xff"))).message(), "a\\xff");
}

TEST(StatusDetails, TakeANumberThatNamesNoFailureForUnknown) {
  EXPECT_EQ(parsed(status_details(Error(static_cast<Code>(0), "?"))).code(), 2);
  EXPECT_EQ(parsed(status_details(Error(static_cast<Code>(17), "?"))).code(), 2);
}

TEST(ConnectCodes, HaveTheNamesAndStatusesOfTheProtocol) {
  struct Row {
    Code code;
    std::string_view name;
    int http_status;
  };
  for (const Row& row :
       {Row{Code::cancelled, "canceled", 499}, Row{Code::unknown, "unknown", 500},
        Row{Code::invalid_argument, "invalid_argument", 400}, Row{Code::deadline_exceeded, "deadline_exceeded", 504},
        Row{Code::not_found, "not_found", 404}, Row{Code::already_exists, "already_exists", 409},
        Row{Code::permission_denied, "permission_denied", 403},
        Row{Code::resource_exhausted, "resource_exhausted", 429},
        Row{Code::failed_precondition, "failed_precondition", 400}, Row{Code::aborted, "aborted", 409},
        Row{Code::out_of_range, "out_of_range", 400}, Row{Code::unimplemented, "unimplemented", 501},
        Row{Code::internal, "internal", 500}, Row{Code::unavailable, "unavailable", 503},
        Row{Code::data_loss, "data_loss", 500}, Row{Code::unauthenticated, "unauthenticated", 401}}) {
    EXPECT_EQ(connect_code_name(row.code), row.name);
    EXPECT_EQ(code_of_connect_name(row.name), row.code);
    EXPECT_EQ(connect_http_status(row.code), row.http_status) << row.name;
  }
}

TEST(ConnectCodes, HaveNoOtherNames) {
  for (const std::string_view name : {"", "cancelled", "ok", "NOT_FOUND", "not_found ", "5"}) {
    EXPECT_EQ(code_of_connect_name(name), std::nullopt) << name;
  }
}

TEST(ConnectCodes, AreUnknownForANumberThatNamesNoFailure) {
  EXPECT_EQ(connect_code_name(static_cast<Code>(0)), "unknown");
  EXPECT_EQ(connect_http_status(static_cast<Code>(17)), 500);
}

TEST(HttpStatuses, MeanWhatGrpcSaysWhereAProxyAnswered) {
  EXPECT_EQ(code_of_http(400), Code::internal);
  EXPECT_EQ(code_of_http(401), Code::unauthenticated);
  EXPECT_EQ(code_of_http(403), Code::permission_denied);
  EXPECT_EQ(code_of_http(404), Code::unimplemented);
  for (const int status : {429, 502, 503, 504}) {
    EXPECT_EQ(code_of_http(status), Code::unavailable) << status;
  }
  for (const int status : {0, 200, 301, 409, 418, 500, 501, 999}) {
    EXPECT_EQ(code_of_http(status), Code::unknown) << status;
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
