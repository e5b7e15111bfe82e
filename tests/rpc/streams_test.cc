// Streams by the hundreds that are reset, and streams that are open when the server stops.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/testing/eventually.h"
#include "rpc_server.h"

namespace mcdsl::grpcserver {
namespace {

using namespace std::chrono_literals;

std::int32_t open_echo(net::Http2Client& client) {
  return client.request("POST", kPath + "Echo", grpc_fields(), framed(""), /*open=*/true);
}

// Whether so much of an echo came.
bool comes_back(net::Http2Client& client, std::int32_t stream, std::string_view bytes) {
  return client.wait_until([&] { return client.answer(stream).body == bytes || client.answer(stream).closed; }) &&
         client.answer(stream).body == bytes;
}

TEST(Streams, LeaveNothingBehindWhenTheyAreResetByTheHundreds) {
  constexpr int kClients = 4;
  constexpr int kStreams = 100;
  constexpr int kRounds = 5;
  constexpr std::size_t kMostGrowth = std::size_t{16} << 10U;  // KiB
  RpcServer server({.max_handler_threads = 2 * kClients * kStreams});
  std::size_t threads = 0;
  std::size_t memory = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<net::Http2Client>> clients;
    std::vector<std::vector<std::int32_t>> streams(kClients);
    for (auto& opened : streams) {
      auto& client = *clients.emplace_back(std::make_unique<net::Http2Client>(server.connect()));
      for (int i = 0; i < kStreams; ++i) {
        opened.push_back(open_echo(client));
      }
    }
    for (std::size_t c = 0; c < kClients; ++c) {
      for (const std::int32_t stream : streams[c]) {
        ASSERT_TRUE(comes_back(*clients[c], stream, framed("")));
      }
    }
    for (std::size_t c = 0; c < kClients; ++c) {
      for (const std::int32_t stream : streams[c]) {
        clients[c]->reset(stream);
      }
    }
    ASSERT_TRUE(testing::eventually([&] { return server.is_idle(); })) << "in round " << round;
    if (round == 0) {
      threads = process_figure("Threads");
      memory = process_figure("VmRSS");
    }
    EXPECT_EQ(status_of(clients[0]->wait_for(clients[0]->request("POST", kPath + "Ping", grpc_fields(), framed("")))),
              0);
  }
  EXPECT_EQ(server.service().entered(), kRounds * (kClients * kStreams + 1));
  EXPECT_TRUE(server.has_counted("Echo", "cancelled"));
  EXPECT_LE(process_figure("Threads"), threads + kStreams / 10);
  if (!kIsSanitized) {
    EXPECT_LT(process_figure("VmRSS"), memory + kMostGrowth);
  }
}

TEST(Streams, EndTheirHandlersWhenTheConnectionIsLost) {
  RpcServer server;
  {
    net::Http2Client client(server.connect());
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(comes_back(client, open_echo(client), framed("")));
    }
    client.connection().reset_on_close();
  }
  EXPECT_TRUE(testing::eventually([&] { return server.is_idle(); }));
  EXPECT_TRUE(server.has_counted("Echo", "cancelled"));
}

TEST(Streams, AreFinishedWhenTheServerStops) {
  RpcServer server;
  net::Http2Client client(server.connect());
  const std::int32_t stream = open_echo(client);
  ASSERT_TRUE(comes_back(client, stream, framed("")));
  server.server().stop();
  ASSERT_TRUE(client.wait_until([&] { return client.goaways() > 0; }));
  client.send_data(stream,
                   framed("\x0a\x01"
                          "a"),
                   false);
  ASSERT_TRUE(comes_back(client, stream,
                         framed("") + framed("\x0a\x01"
                                             "a")));
  client.send_data(stream, "", true);
  EXPECT_EQ(status_of(client.wait_for(stream)), 0);
  EXPECT_TRUE(server.server().wait()) << "a connection had to be cut";
}

TEST(Streams, AreCutWhereTheyDoNotEndAfterTheServerStops) {
  RpcServer server({.shutdown_timeout = 100ms});
  net::Http2Client client(server.connect());
  const std::int32_t stream = open_echo(client);
  ASSERT_TRUE(comes_back(client, stream, framed("")));
  server.server().stop();
  EXPECT_FALSE(client.wait_until([] { return false; })) << "until the connection ends";
  EXPECT_GT(client.goaways(), 0);
  EXPECT_FALSE(server.server().wait());
  EXPECT_TRUE(server.is_idle()) << "its handler has returned";
  EXPECT_FALSE(client.answer(stream).trailers.contains("grpc-status")) << "nobody may take the part for the whole";
}

}  // namespace
}  // namespace mcdsl::grpcserver
