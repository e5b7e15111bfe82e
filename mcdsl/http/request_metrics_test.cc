#include "mcdsl/http/request_metrics.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/recover.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::http {
namespace {

using testing::AppClient;
using ::testing::HasSubstr;
using ::testing::Not;

class RequestMetrics : public ::testing::Test {
 protected:
  RequestMetrics() {
    router_.get("/v1/notes/{slug}", [this](const Request& request) {
      clock_.advance(std::chrono::milliseconds(3));
      return text(request.param("slug")).with_status(request.param("slug") == "gone" ? 410 : 200);
    });
    router_.post("/v1/notes/{slug}", [](const Request&) -> Response { throw std::runtime_error("bug"); });
    router_.get("/look", [this] { return text(registry_.expose()); });
  }

  testing::ManualClock clock_;
  metrics::Registry registry_;
  Router router_;
  Pipeline pipeline_{router_, {request_metrics(registry_, clock_), recover()}};
  AppClient client_{pipeline_};
};

TEST_F(RequestMetrics, CountByPatternMethodAndStatus) {
  (void)client_.get("/v1/notes/a");
  (void)client_.get("/v1/notes/b");
  (void)client_.get("/v1/notes/gone");
  (void)client_.post("/v1/notes/a", "{}");
  const std::string page = registry_.expose();
  EXPECT_THAT(page, HasSubstr("http_requests_total{code=\"200\",method=\"GET\",route=\"/v1/notes/{slug}\"} 2\n"
                              "http_requests_total{code=\"410\",method=\"GET\",route=\"/v1/notes/{slug}\"} 1\n"
                              "http_requests_total{code=\"500\",method=\"POST\",route=\"/v1/notes/{slug}\"} 1\n"));
}

TEST_F(RequestMetrics, MeasureTheTimeOfARoute) {
  (void)client_.get("/v1/notes/a");
  (void)client_.get("/v1/notes/b");
  const std::string page = registry_.expose();
  EXPECT_THAT(page, HasSubstr("http_request_duration_seconds_bucket{route=\"/v1/notes/{slug}\",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("http_request_duration_seconds_bucket{route=\"/v1/notes/{slug}\",le=\"0.005\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("http_request_duration_seconds_sum{route=\"/v1/notes/{slug}\"} 0.006\n"));
}

TEST_F(RequestMetrics, KeepNothingOfAPathWithoutARoute) {
  for (int i = 0; i < 50; ++i) {
    (void)client_.get("/nowhere/" + std::to_string(i));
  }
  const std::string page = registry_.expose();
  EXPECT_THAT(page, HasSubstr("http_requests_total{code=\"404\",method=\"GET\",route=\"\"} 50\n"));
  EXPECT_THAT(page, Not(HasSubstr("nowhere")));
}

TEST_F(RequestMetrics, TellWhatIsInFlight) {
  EXPECT_THAT(client_.get("/look").body, HasSubstr("http_requests_in_flight 1\n"));
  EXPECT_THAT(registry_.expose(), HasSubstr("http_requests_in_flight 0\n"));
}

TEST_F(RequestMetrics, AreNoLongerInFlightWhenTheHandlerThrows) {
  const Handler handler = request_metrics(registry_, clock_)([](Request&) -> Response { throw 1; });
  Request request;
  EXPECT_ANY_THROW(handler(request));
  EXPECT_THAT(registry_.expose(), HasSubstr("http_requests_in_flight 0\n"));
}

TEST_F(RequestMetrics, LoseNoRequestOfManyThreads) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          (void)client_.get("/nowhere");
          (void)client_.delete_("/v1/notes/a");
        }
      });
    }
  }
  const std::string page = registry_.expose();
  EXPECT_THAT(page, HasSubstr("http_requests_total{code=\"404\",method=\"GET\",route=\"\"} 400\n"));
  EXPECT_THAT(page, HasSubstr("http_requests_total{code=\"405\",method=\"DELETE\",route=\"\"} 400\n"));
  EXPECT_THAT(page, HasSubstr("http_request_duration_seconds_count{route=\"\"} 800\n"));
}

TEST_F(RequestMetrics, AreServedAsPrometheusAsksForThem) {
  Router admin;
  add_metrics_route(admin, registry_);
  const Response response = AppClient(admin).get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, registry_.expose());
}

}  // namespace
}  // namespace mcdsl::http
