// `ulimit -n 256`, and more clients than that.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/testing/eventually.h"
#include "service_process.h"

namespace mcdsl::net {
namespace {

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST(ServiceDescriptors, ThatRunOutAt256CostNoProcessorTimeAndComeBack) {
  constexpr std::size_t kClients = 300;
  ASSERT_TRUE(allow_descriptors(kClients + 100));
  ServiceProcess service("loops = 2", 256);
  // Handshakes need a server that takes the connection: only so many are made here as surely fit.
  std::vector<testing::HttpClient> served;
  for (int i = 0; i < 150; ++i) {
    ASSERT_EQ(served.emplace_back(service.connect()).exchange(get("/hello"))->status, 200);
  }
  std::vector<testing::HttpClient> silent;
  for (int i = 0; i < 150; ++i) {
    silent.push_back(service.connect_without_tls());
  }
  const auto pauses = [&] {
    const std::string log = service.log();
    std::size_t found = 0;
    constexpr std::string_view kPaused = "cannot take connections for a moment";
    for (auto at = log.find(kPaused); at != std::string::npos; at = log.find(kPaused, at + 1)) {
      ++found;
    }
    return found;
  };
  ASSERT_TRUE(testing::eventually([&] { return pauses() > 0; }));

  // Those who have a connection are served. Each of the two loops tries ten times a second, and sleeps between.
  EXPECT_EQ(served.front().exchange(get("/hello"))->status, 200);
  const auto begin = std::chrono::steady_clock::now();
  const auto ticks = service.ticks();
  const auto seen = pauses();
  ASSERT_TRUE(testing::eventually([&] { return pauses() >= seen + 20; }));
  EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
  EXPECT_LT(service.ticks() - ticks, 50U) << "hundredths of a second";

  silent.clear();
  EXPECT_EQ(service.connect().exchange(get("/hello"))->status, 200);
  for (auto& client : served) {
    EXPECT_EQ(client.exchange(get("/hello"))->status, 200);
  }
}

}  // namespace
}  // namespace mcdsl::net
