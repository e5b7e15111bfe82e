// The published protocols as our files give them: names and numbers that every client relies on.

#include <string>

#include <google/api/annotations.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/rpc/status.pb.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <gtest/gtest.h>

#include "mcdsl/v1/access.pb.h"
#include "mcdsl/v1/snapshot.pb.h"

namespace mcdsl::grpcserver {
namespace {

const google::protobuf::MethodDescriptor* method(const std::string& full_name) {
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name);
}

// A message made in code and serialised, against its bytes by the wire format.
template <class T>
std::string wire(const T& message) {
  return message.SerializeAsString();
}

TEST(Proto, NumbersTheFieldsOfAStatusAsPublished) {
  google::rpc::Status status;
  status.set_code(5);
  status.set_message("m");
  status.add_details()->set_type_url("t");
  EXPECT_EQ(wire(status), "\x08\x05\x12\x01m\x1a\x03\x0a\x01t");
}

TEST(Proto, NumbersTheFieldsOfAnHttpRuleAsPublished) {
  google::api::HttpRule rule;
  rule.set_body("*");
  rule.set_response_body("r");
  rule.set_patch("/p");
  rule.add_additional_bindings()->set_get("/g");
  EXPECT_EQ(wire(rule), "\x32\x02/p\x3a\x01*\x5a\x04\x12\x02/g\x62\x01r");
  EXPECT_EQ(google::api::http.number(), 72295728);
}

TEST(Proto, NamesAndNumbersHealthAsPublished) {
  ASSERT_NE(method("grpc.health.v1.Health.Check"), nullptr);
  ASSERT_NE(method("grpc.health.v1.Health.Watch"), nullptr);
  EXPECT_TRUE(method("grpc.health.v1.Health.Watch")->server_streaming());
  grpc::health::v1::HealthCheckResponse response;
  response.set_status(grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN);
  EXPECT_EQ(wire(response), "\x08\x03");
}

TEST(Proto, NamesAndNumbersReflectionAsPublished) {
  const auto* info = method("grpc.reflection.v1.ServerReflection.ServerReflectionInfo");
  ASSERT_NE(info, nullptr);
  EXPECT_TRUE(info->client_streaming() && info->server_streaming());
  grpc::reflection::v1::ServerReflectionRequest request;
  request.set_list_services("x");
  EXPECT_EQ(wire(request), "\x3a\x01x");
  grpc::reflection::v1::ServerReflectionResponse response;
  response.mutable_list_services_response()->add_service()->set_name("s");
  EXPECT_EQ(wire(response), "\x32\x05\x0a\x03\x0a\x01s");
}

TEST(Proto, LetsServicesAndMethodsNameWhoMayCall) {
  // Named, so that the linker takes the file with the service out of the library.
  ASSERT_EQ(v1::SnapshotRequest::descriptor()->full_name(), "mcdsl.v1.SnapshotRequest");
  const auto* snapshot = method("mcdsl.v1.SnapshotService.Snapshot");
  ASSERT_NE(snapshot, nullptr);
  EXPECT_TRUE(snapshot->options().GetExtension(v1::internal));
  EXPECT_FALSE(snapshot->options().HasExtension(v1::access));
  EXPECT_EQ(snapshot->service()->options().GetExtension(v1::default_access), "admin | account:mcp");
}

TEST(Proto, KeepsItsOwnOptionsInTheRangeForAnOrganisation) {
  for (const int number : {v1::access.number(), v1::internal.number(), v1::default_access.number()}) {
    EXPECT_GE(number, 50'000);
    EXPECT_LE(number, 99'999);
  }
}

}  // namespace
}  // namespace mcdsl::grpcserver
