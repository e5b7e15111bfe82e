// A stop in the middle of work: a thousand idle connections, two hundred busy ones.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr int kIdle = 1000;
constexpr int kBusy = 200;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

// Takes a moment for each answer, and counts the handlers that have begun.
class Slow final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& request) const override {
    if (request.path() == "/slow") {
      ++begun;
      std::this_thread::sleep_for(20ms);  // the work of the handler, not a wait of the test
    }
    return http::text("done");
  }

  mutable std::atomic<int> begun{0};
};

bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, count), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

TEST(Drain, FailsNoRequestOfTwoHundredBusyClientsBesideAThousandIdleOnes) {
  ASSERT_TRUE(allow_descriptors(2 * (kIdle + kBusy) + 100));
  const Slow application;
  Server server(application, {.max_handler_threads = kBusy + 10});
  const Address address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  std::vector<testing::HttpClient> idle;
  for (int i = 0; i < kIdle; ++i) {
    ASSERT_EQ(idle.emplace_back("127.0.0.1", address.port).exchange(kGet)->status, 200);
  }
  std::vector<testing::HttpClient> busy;
  for (int i = 0; i < kBusy; ++i) {
    ASSERT_TRUE(busy.emplace_back("127.0.0.1", address.port).send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  ASSERT_TRUE(testing::eventually([&] { return application.begun > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  server.stop();
  for (auto& client : busy) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "done");
  }
  const auto last_answer = std::chrono::steady_clock::now();
  EXPECT_TRUE(server.wait());
  const auto end = std::chrono::steady_clock::now();
  for (auto& client : idle) {
    EXPECT_EQ(client.receive_until_closed(), "");
  }
  EXPECT_EQ(server.stats().open, 0U);
  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::cout << "stopped " << Milliseconds(end - begin).count() << " ms after the stop, "
            << Milliseconds(end - last_answer).count() << " ms after the last answer was read\n";
}

}  // namespace
}  // namespace mcdsl::net
