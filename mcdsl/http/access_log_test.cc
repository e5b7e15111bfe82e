#include "mcdsl/http/access_log.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mcdsl/http/pipeline.h"
#include "mcdsl/http/principal.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/http/router.h"
#include "mcdsl/testing/app_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"

namespace mcdsl::http {
namespace {

using testing::AppClient;
using testing::LogCapture;
using testing::ManualClock;

class AccessLog : public ::testing::Test {
 protected:
  // What is logged when `handler` answers at "/v1/{slug}" (GET and POST).
  std::string logged(const Handler& handler, Method method, std::string_view target) {
    Router router;
    router.get("/v1/{slug}", handler);
    router.post("/v1/{slug}", handler);
    const Pipeline pipeline(router, {access_log(capture_.logger(), clock_)});
    (void)AppClient(pipeline).from("192.0.2.7").send(method, target, "hunter2");
    return capture_.text();
  }
  std::string logged(const Handler& handler) { return logged(handler, Method::get, "/v1/a"); }

  ManualClock clock_;
  LogCapture capture_;
};

// The line behind its time.
std::string after_time(const std::string& line) {
  return line.substr(std::min(line.find(' '), line.size()));
}

TEST_F(AccessLog, WritesOneLineForARequest) {
  const Handler handler = [this](Request&) {
    clock_.advance(std::chrono::microseconds(1500));
    return text("hello");
  };
  EXPECT_EQ(after_time(logged(handler)),
            " level=info msg=request method=GET path=/v1/a route=/v1/{slug} status=200 bytes=5 duration=0.0015 "
            "client=192.0.2.7\n");
}

TEST_F(AccessLog, NeverWritesTheQueryOrTheBody) {
  const std::string line = logged([](Request&) { return text("answer"); }, Method::post, "/v1/a?token=hunter2");
  EXPECT_TRUE(line.contains("path=/v1/a ")) << line;
  EXPECT_FALSE(line.contains("hunter2"));
  EXPECT_FALSE(line.contains("answer"));
}

TEST_F(AccessLog, NamesTheRequestIdAndTheCaller) {
  Router router;
  router.get("/", [](Request& request) {
    request.set(Principal{"ann"});
    return no_content();
  });
  const Pipeline pipeline(router, {request_id(), access_log(capture_.logger())});
  const Response response = AppClient(pipeline).get("/");
  const std::string id(response.headers.get("x-request-id").value());
  EXPECT_TRUE(capture_.contains(" request_id=" + id + " user=ann\n")) << capture_.text();
}

TEST_F(AccessLog, SeesRequestsWithoutARoute) {
  const std::string line = logged([](Request&) { return no_content(); }, Method::get, "/nowhere");
  EXPECT_TRUE(line.contains("level=info msg=request method=GET path=/nowhere route=\"\" status=404 ")) << line;
}

TEST_F(AccessLog, WritesABugAsAnErrorWithItsChain) {
  const std::string line = logged(
      [](Request&) -> Response { throw Exception(Error(Code::data_loss, "bad page").wrap("read \"a\"\nforged=1")); });
  EXPECT_TRUE(line.contains("level=error msg=request ")) << line;
  EXPECT_TRUE(line.ends_with(R"(error="data_loss: read \"a\"\nforged=1: bad page")"
                             "\n"))
      << line;
}

TEST_F(AccessLog, WritesOtherServerErrorsAsWarnings) {
  const std::string line =
      logged([](Request&) { return error(Error(Code::unavailable, "timeout").wrap("ask mcias")); });
  EXPECT_TRUE(line.contains("level=warn ")) << line;
  EXPECT_TRUE(line.contains("status=503")) << line;
  EXPECT_TRUE(line.contains("error=\"ask mcias: timeout\"")) << line;
}

TEST_F(AccessLog, CountsTheBytesOfFilesAndOfStreamsThatSayTheirLength) {
  const auto count = [this](const Response& response, Method method = Method::get) {
    const std::string before = capture_.text();
    const std::string line = logged([&](Request&) { return response; }, method, "/v1/a").substr(before.size());
    const auto from = line.find(" bytes=") + 1;
    return line.substr(from, line.find(' ', from) - from);
  };
  Response file;
  file.file = FileBody{.fd = nullptr, .offset = 10, .length = 5'000'000'000};
  EXPECT_EQ(count(file), "bytes=5000000000");
  EXPECT_EQ(count(file, Method::head), "bytes=0");
  const auto nothing = [](BodyWriter&) -> Result<void> { return {}; };
  Response whole = stream("text/plain", nothing);
  whole.stream->length = 7;
  EXPECT_EQ(count(whole), "bytes=7");
  EXPECT_EQ(count(stream("text/plain", nothing)), "bytes=0");
}

TEST_F(AccessLog, CountsNoBytesForHead) {
  EXPECT_TRUE(logged([](Request&) { return text("hello"); }, Method::head, "/v1/a").contains("status=200 bytes=0 "));
}

TEST_F(AccessLog, CutsEndlessPaths) {
  const std::string line = logged([](Request&) { return no_content(); }, Method::get, "/" + std::string(5000, 'a'));
  EXPECT_LT(line.size(), 1000U);
}

TEST_F(AccessLog, WritesNothingBelowItsLevel) {
  capture_.logger().set_level(log::Level::warn);
  EXPECT_EQ(logged([](Request&) { return no_content(); }), "");
}

}  // namespace
}  // namespace mcdsl::http
