// Many clients at once.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "mcdsl/net/server.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {
namespace {

constexpr int kClients = 1000;

class Hello final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& request) const override { return http::text(std::string(request.path())); }
};

// Both ends of each connection are in this process.
bool allow_descriptors(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, count), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

TEST(Crowd, OfAThousandClientsIsServedTwiceAndDrainedAtOnce) {
  ASSERT_TRUE(allow_descriptors(2 * kClients + 100));
  const Hello application;
  Server server(application, {});
  const Address address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  std::vector<testing::HttpClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back("127.0.0.1", address.port);
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kClients; ++i) {
      ASSERT_TRUE(clients.at(static_cast<std::size_t>(i))
                      .send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    for (int i = 0; i < kClients; ++i) {
      const auto answer = clients.at(static_cast<std::size_t>(i)).receive();
      ASSERT_TRUE(answer);
      ASSERT_EQ(answer->body, "/" + std::to_string(i));
    }
  }
  EXPECT_EQ(server.stats().open, static_cast<std::uint64_t>(kClients));
  server.stop();
  EXPECT_TRUE(server.wait());
  for (auto& client : clients) {
    EXPECT_EQ(client.receive_until_closed(), "");
  }
}

}  // namespace
}  // namespace mcdsl::net
