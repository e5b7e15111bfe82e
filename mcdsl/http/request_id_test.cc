#include "mcdsl/http/request_id.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mcdsl::http {
namespace {

// Answers with the id that it finds in the request.
Response show_id(Request& request) {
  return text(request.get<RequestId>()->value);
}

std::string id_for(const Handler& handler, std::string_view sent) {
  Request request;
  request.start(Method::get, "/");
  if (!sent.empty()) {
    request.mutable_headers().add("X-Request-Id", sent);
  }
  Response response = handler(request);
  EXPECT_EQ(response.headers.get("x-request-id"), response.body);
  EXPECT_EQ(response.headers.count("x-request-id"), 1U);
  return response.body;
}

TEST(RequestIdMiddleware, GivesShortIdsOfLettersAndDigits) {
  const std::string id = id_for(request_id()(show_id), "");
  EXPECT_EQ(id.size(), 13U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
}

TEST(RequestIdMiddleware, NeverGivesAnIdTwice) {
  const Middleware middleware = request_id();
  const Handler one_route = middleware(show_id);
  const Handler other_route = middleware(show_id);
  std::mutex mutex;
  std::set<std::string> ids;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 250; ++n) {
          std::string id = id_for(i % 2 == 0 ? one_route : other_route, "");
          const std::scoped_lock lock(mutex);
          ids.insert(std::move(id));
        }
      });
    }
  }
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(RequestIdMiddleware, StartsElsewhereEachTime) {
  EXPECT_NE(id_for(request_id()(show_id), ""), id_for(request_id()(show_id), ""));
}

TEST(RequestIdMiddleware, IgnoresTheClientsIdUnlessTold) {
  EXPECT_NE(id_for(request_id()(show_id), "from-client"), "from-client");
}

TEST(RequestIdMiddleware, TakesAShortTokenFromATrustedClient) {
  const Handler handler = request_id({.accept_from_client = true})(show_id);
  EXPECT_EQ(id_for(handler, "from-client"), "from-client");
  EXPECT_EQ(id_for(handler, std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(id_for(handler, "").size(), 13U);
}

TEST(RequestIdMiddleware, ReplacesAnythingElseFromATrustedClient) {
  const Handler handler = request_id({.accept_from_client = true})(show_id);
  for (const std::string& sent :
       {std::string(65, 'a'), std::string("a b"), std::string("a=\"b\""), std::string("\xC3\xA9")}) {
    EXPECT_EQ(id_for(handler, sent).size(), 13U) << sent;
  }
}

TEST(RequestIdMiddleware, ReplacesTheHeaderOfAHandler) {
  Request request;
  const Handler handler = request_id()([](Request&) { return text("").with_header("x-request-id", "mine"); });
  const Response response = handler(request);
  EXPECT_EQ(response.headers.count("x-request-id"), 1U);
  EXPECT_EQ(response.headers.get("x-request-id"), request.get<RequestId>()->value);
}

}  // namespace
}  // namespace mcdsl::http
