#include <gtest/gtest.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using testing::eventually;
using testing::HttpClient;

class HandOverTest : public ServerTest {
 protected:
  // Connections whose handlers are behind the gate.
  std::vector<HttpClient> block(int count) {
    std::vector<HttpClient> clients;
    for (int i = 0; i < count; ++i) {
      clients.push_back(connect());
      clients.back().send(get("/gate"));
    }
    gate_.wait_for(count);
    return clients;
  }
};

TEST_F(HandOverTest, ServesTheOthersOfALoopWhileOneHandlerBlocks) {
  start({.loops = 1});
  auto neighbour = connect();
  EXPECT_EQ(neighbour.exchange(get("/"))->status, 200);
  auto blocked = block(1);
  EXPECT_EQ(neighbour.exchange(get("/neighbour"))->body, "/neighbour");
  EXPECT_EQ(fetch("/new")->body, "/new");
  EXPECT_GE(server_->stats().handovers, 1U);
  gate_.open();
  EXPECT_EQ(blocked.front().receive()->body, "passed");
  EXPECT_EQ(blocked.front().exchange(get("/again"))->body, "/again");
}

TEST_F(HandOverTest, ServesTheOthersWhileManyHandlersBlock) {
  start({.loops = 1, .max_handler_threads = 16});
  auto blocked = block(15);
  EXPECT_EQ(fetch("/new")->body, "/new");
  gate_.open();
  for (auto& client : blocked) {
    EXPECT_EQ(client.receive()->body, "passed");
  }
}

TEST_F(HandOverTest, TellsAWatchdogWhetherEveryLoopGoesOn) {
  EXPECT_TRUE(make({.loops = 2}).is_progressing()) << "it has not begun";
  start({.loops = 2});
  EXPECT_TRUE(server_->is_progressing());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(eventually([&] { return server_->is_progressing(); })) << "nothing happens, and that is well";
  }
  application_.stuck_plan = [this] { gate_.pass(); };
  auto client = connect();
  client.send(get("/stuck-plan"));
  gate_.wait_for(1);
  (void)server_->is_progressing();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(server_->is_progressing());
  }
  gate_.open();
  EXPECT_TRUE(eventually([&] { return server_->is_progressing(); }));
}

TEST_F(HandOverTest, HappensAtOnceWhereTheHandlerSaysThatItWillBlock) {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  application_.handlers["/polite"] = [&](http::Request&) {
    before = server_->stats().handovers;
    about_to_block();
    after = server_->stats().handovers;
    about_to_block();
    return http::text("done");
  };
  start({.loops = 1});
  EXPECT_EQ(fetch("/polite")->body, "done");
  EXPECT_EQ(after, 1U);
  EXPECT_EQ(server_->stats().handovers, 1U);
  EXPECT_LE(before, after);
}

TEST_F(HandOverTest, AnswersAPipelineInOrderWhoseFirstHandlerBlocks) {
  start({.loops = 1});
  auto client = connect();
  client.send(get("/gate") + get("/second") + get("/third"));
  gate_.wait_for(1);
  EXPECT_EQ(fetch("/other")->body, "/other");
  gate_.open();
  EXPECT_EQ(client.receive()->body, "passed");
  EXPECT_EQ(client.receive()->body, "/second");
  EXPECT_EQ(client.receive()->body, "/third");
}

TEST_F(HandOverTest, SendsEarlierAnswersWhileALaterHandlerOfTheirPipelineBlocks) {
  start({.loops = 1});
  auto client = connect();
  client.send(get("/first") + get("/gate"));
  EXPECT_EQ(client.receive()->body, "/first");
  gate_.open();
  EXPECT_EQ(client.receive()->body, "passed");
}

TEST_F(HandOverTest, AnswersWith503WhenEveryThreadIsInAHandlerAndRecovers) {
  start({.loops = 1, .max_handler_threads = 2});
  auto blocked = block(2);
  auto client = connect();
  const auto turned_away = client.exchange(get("/"));
  EXPECT_EQ(turned_away->status, 503);
  EXPECT_EQ(turned_away->headers.get("retry-after"), "1");
  EXPECT_EQ(server_->stats().at(Limit::max_handler_threads), 1U);
  gate_.open();
  for (auto& each : blocked) {
    EXPECT_EQ(each.receive()->status, 200);
  }
  EXPECT_TRUE(eventually([&] { return client.exchange(get("/"))->status == 200; }));
}

TEST_F(HandOverTest, LetsARequestWaitForAThreadThatComesBackSoon) {
  start({.loops = 1, .max_handler_threads = 1}, clock_);  // a clock that stands: it waits as long as it has to
  auto blocked = block(1);
  auto client = connect();
  client.send(get("/"));
  EXPECT_TRUE(eventually([&] { return server_->stats().accepted == 2; }));
  gate_.open();
  EXPECT_EQ(blocked.front().receive()->status, 200);
  EXPECT_EQ(client.receive()->status, 200);
  EXPECT_EQ(server_->stats().at(Limit::max_handler_threads), 0U);
}

TEST_F(HandOverTest, KeepsEveryLoopRunningWhenAllOfThemAreFull) {
  start({.loops = 4, .max_handler_threads = 1});
  std::vector<HttpClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(connect());
    clients.back().send(get("/gate"));
  }
  gate_.wait_for(1);
  // Past the bound every loop still accepts and answers.
  EXPECT_TRUE(eventually([&] { return server_->stats().at(Limit::max_handler_threads) >= 35; }));
  EXPECT_EQ(fetch("/")->status, 503);
  gate_.open();
  int passed = 0;
  for (auto& client : clients) {
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    passed += answer->status == 200 ? 1 : 0;
  }
  EXPECT_GE(passed, 1);
  EXPECT_LE(passed, 5);
}

TEST_F(HandOverTest, OutlivesAClientThatGoesWhileItsHandlerRuns) {
  start({.loops = 1});
  auto blocked = block(3);
  for (auto& client : blocked) {
    client.reset_on_close();
    client.close();
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().open == 0; }));
  gate_.open();
  EXPECT_EQ(fetch("/")->status, 200);
}

TEST_F(HandOverTest, GivesRoutesThatKeepBlockingAThreadAtOnce) {
  start({.loops = 1});
  for (std::uint64_t i = 1; i <= 2; ++i) {
    gate_.shut();
    auto blocked = block(1);
    EXPECT_TRUE(eventually([&] { return server_->stats().handovers >= i; }));
    gate_.open();
    EXPECT_EQ(blocked.front().receive()->body, "passed");
  }
  gate_.shut();
  const auto learned = server_->stats().handovers;
  auto blocked = block(8);
  EXPECT_EQ(server_->stats().handovers, learned);
  EXPECT_EQ(fetch("/fast")->body, "/fast");
  gate_.open();
  for (auto& client : blocked) {
    EXPECT_EQ(client.receive()->body, "passed");
  }
}

TEST_F(HandOverTest, AnswersWhatAHandlerThrowsThatHasLostItsLoop) {
  application_.handlers["/late-throw"] = [&](http::Request&) -> http::Response {
    about_to_block();
    throw std::runtime_error("late");
  };
  start({.loops = 1});
  for (int i = 0; i < 5; ++i) {  // taken over first, on a thread of its own then
    EXPECT_EQ(fetch("/late-throw")->status, 500);
  }
}

}  // namespace
}  // namespace mcdsl::net
