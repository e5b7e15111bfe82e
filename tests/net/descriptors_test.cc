// No descriptor left in the process.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::net {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kPaused = "cannot take connections for a moment";

class Hello final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& /*request*/) const override { return {}; }
  http::Response serve(http::Request& /*request*/) const override { return http::text("hello"); }
};

std::size_t count(const std::string& text, std::string_view piece) {
  std::size_t found = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++found;
  }
  return found;
}

// Every descriptor that the limit leaves.
std::vector<UniqueFd> take_all_descriptors() {
  const rlimit limit{.rlim_cur = 64, .rlim_max = 64};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<UniqueFd> taken;
  for (UniqueFd fd(::dup(0)); fd; fd = UniqueFd(::dup(0))) {
    taken.push_back(std::move(fd));
  }
  return taken;
}

TEST(Descriptors, ThatRunOutPauseTheListenerWithoutSpinningAndLetItRecover) {
  using namespace std::chrono_literals;
  const Hello application;
  const testing::LogCapture log;
  testing::ManualClock clock;
  Server server(application, {.loops = 1}, log.logger(), clock);
  const Address address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  testing::HttpClient old("127.0.0.1", address.port);
  ASSERT_EQ(old.exchange(kGet)->status, 200);

  auto taken = take_all_descriptors();
  ASSERT_FALSE(taken.empty());
  taken.pop_back();  // the client's end of the connection that the server cannot accept
  testing::HttpClient waiting("127.0.0.1", address.port);
  ASSERT_TRUE(testing::eventually([&] { return count(log.text(), kPaused) == 1; }));

  // The loop goes round for others, and does not try again before the pause is over.
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(old.exchange(kGet)->status, 200);
  }
  EXPECT_EQ(count(log.text(), kPaused), 1U);
  clock.advance(1s);
  ASSERT_TRUE(testing::eventually([&] { return count(log.text(), kPaused) == 2; }));

  taken.clear();
  clock.advance(1s);
  EXPECT_EQ(waiting.exchange(kGet)->status, 200);
  EXPECT_EQ(old.exchange(kGet)->status, 200);
  EXPECT_EQ(count(log.text(), kPaused), 2U);
}

}  // namespace
}  // namespace mcdsl::net
