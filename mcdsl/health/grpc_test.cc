#include "mcdsl/health/grpc.h"

#include <atomic>
#include <thread>

#include <grpc/health/v1/health.pb.h>
#include <gtest/gtest.h>

#include "mcdsl/testing/rpc_caller.h"

namespace mcdsl::health {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class GrpcHealthTest : public ::testing::Test {
 protected:
  [[nodiscard]] Result<HealthCheckResponse> check(const std::string& service = "") const {
    HealthCheckRequest request;
    request.set_service(service);
    return rpc_.unary<HealthCheckResponse>("grpc.health.v1.Health/Check", request);
  }

  [[nodiscard]] std::vector<int> watch(const std::string& service = "") const {
    HealthCheckRequest request;
    request.set_service(service);
    const auto outcome = rpc_.call("grpc.health.v1.Health/Watch", {request.SerializeAsString()});
    EXPECT_TRUE(outcome.status) << outcome.status.error().to_string();
    std::vector<int> statuses;
    for (const std::string& message : outcome.messages) {
      HealthCheckResponse response;
      EXPECT_TRUE(response.ParseFromString(message));
      statuses.push_back(response.status());
    }
    return statuses;
  }

  std::atomic<bool> works_{true};
  Registry registry_{{.max_age = std::chrono::nanoseconds(0)}};
  GrpcHealth health_{registry_, {"notes.v1.NotesService"}};
  const grpcserver::Dispatcher dispatcher_{{&health_}};
  const testing::RpcCaller rpc_{dispatcher_};
};

TEST_F(GrpcHealthTest, SaysWhetherTheChecksPass) {
  registry_.add("database", [this] {
    return works_ ? Result<void>() : fail(Code::unavailable, "open /srv/notes.db: no such file");
  });
  EXPECT_EQ(check()->status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("notes.v1.NotesService")->status(), HealthCheckResponse::SERVING);
  works_ = false;
  EXPECT_EQ(check()->status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(GrpcHealthTest, DoesNotKnowOtherServices) {
  const auto outcome = check("notes.v1.NotesServ");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::not_found);
}

TEST_F(GrpcHealthTest, EndsAWatchWithTheDrain) {
  const std::jthread drains([this] {
    while (check()->status() != HealthCheckResponse::SERVING) {
    }
    registry_.drain();
  });
  const auto statuses = watch();
  ASSERT_FALSE(statuses.empty());
  EXPECT_EQ(statuses.back(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(GrpcHealthTest, TellsWhoWatchesAServiceThatThereIsNotThatItIsUnknown) {
  registry_.drain();
  EXPECT_EQ(watch("other"), std::vector<int>{HealthCheckResponse::SERVICE_UNKNOWN});
}

}  // namespace
}  // namespace mcdsl::health
