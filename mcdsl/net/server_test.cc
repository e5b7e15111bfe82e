#include "mcdsl/net/server.h"

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/framing_vectors_test.h"
#include "mcdsl/net/internal/server_fixture_test.h"

namespace mcdsl::net {
namespace {

using testing::HttpClient;

// What `action` throws; fails the test where it does not.
template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Exception& problem) {
    return problem.error();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Code::unknown, ""};
}

TEST_F(ServerTest, ServesOverTls13AndKeepsTheConnection) {
  start_tls();
  auto client = connect_tls();
  EXPECT_EQ(client.alpn(), "http/1.1");
  EXPECT_EQ(client.exchange(get("/one"))->body, "/one");
  EXPECT_EQ(client.exchange(get("/two"))->body, "/two");
  EXPECT_EQ(server_->stats().accepted, 1U);
  EXPECT_EQ(server_->stats().requests, 2U);
}

TEST_F(ServerTest, RefusesTls12) {
  start_tls();
  const Error error = error_of([&] { static_cast<void>(connect_tls({.at_most_tls_1_2 = true})); });
  EXPECT_TRUE(error.message().contains("protocol version")) << error.message();
  EXPECT_EQ(connect_tls().exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, RefusesAClientThatSpeaksNoneOfItsProtocols) {
  start_tls();
  const Error error = error_of([&] { static_cast<void>(connect_tls({.alpn = {"h3", "spdy/1"}})); });
  EXPECT_TRUE(error.message().contains("application protocol")) << error.message();
}

TEST_F(ServerTest, ChoosesItsProtocolAmongSeveralAndServesWithoutAlpn) {
  start_tls();
  EXPECT_EQ(connect_tls({.alpn = {"h3", "http/1.1"}}).alpn(), "http/1.1");
  auto silent = connect_tls({.alpn = {}});
  EXPECT_EQ(silent.alpn(), "");
  EXPECT_EQ(silent.exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, ClosesAConnectionThatDoesNotSpeakTls) {
  start_tls();
  auto client = connect();
  client.send(get("/secret"));
  EXPECT_FALSE(client.receive_until_closed().contains("secret"));
  EXPECT_EQ(server_->stats().requests, 0U);
}

TEST_F(ServerTest, ClosesAConnectionWithABrokenRecord) {
  start_tls();
  auto client = connect_tls();
  EXPECT_EQ(client.exchange(get("/"))->status, 200);
  client.send_below_tls(std::string(100, 'x'));
  EXPECT_EQ(client.receive_until_closed(), "");
}

TEST_F(ServerTest, ServesNewConnectionsWithANewCertificateAndKeepsTheOldOnes) {
  start_tls();
  auto before = connect_tls();
  EXPECT_EQ(before.exchange(get("/"))->status, 200);
  const auto context = certificates_->context();
  write_certificate();
  EXPECT_TRUE(certificates_->reload());
  EXPECT_NE(certificates_->context(), context);
  EXPECT_EQ(connect_tls().exchange(get("/"))->status, 200);
  EXPECT_EQ(before.exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, TellsHandlersWhoAsks) {
  application_.handlers["/who"] = [](http::Request& request) {
    return http::text(request.peer().address + (request.peer().secure ? " secure" : " plain"));
  };
  start();
  EXPECT_EQ(fetch("/who")->body, "127.0.0.1 plain");
  start_tls();
  EXPECT_EQ(connect_tls().exchange(get("/who"))->body, "127.0.0.1 secure");
}

TEST_F(ServerTest, RefusesEveryBadFramingOnceAndClosesTheConnection) {
  const EchoApplication echo;
  Server server(echo, {});
  const auto address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  const std::string canary = "GET /canary HTTP/1.1\r\nHost: c\r\n\r\n";
  for (const FramingVector& vector : bad_framing_vectors()) {
    SCOPED_TRACE(vector.name);
    HttpClient client("127.0.0.1", address.port);
    client.send(vector.bytes + canary);
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, vector.status);
    EXPECT_EQ(answer->headers.get("connection"), "close");
    client.end_output();
    EXPECT_EQ(client.receive_until_closed(), "");
    HttpClient next("127.0.0.1", address.port);
    EXPECT_EQ(next.exchange(canary)->body, "GET /canary||c|");
  }
}

TEST_F(ServerTest, AnswersGoodFramingAndGoesOn) {
  const EchoApplication echo;
  Server server(echo, {});
  const auto address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  for (const FramingVector& vector : good_framing_vectors()) {
    SCOPED_TRACE(vector.name);
    HttpClient client("127.0.0.1", address.port);
    for (const char byte : vector.bytes) {
      client.send({&byte, 1});
    }
    EXPECT_EQ(client.receive()->body, vector.echo);
    if (!vector.bytes.contains("HTTP/1.0")) {
      EXPECT_EQ(client.exchange("GET /canary HTTP/1.1\r\nHost: c\r\n\r\n")->body, "GET /canary||c|");
    }
  }
}

TEST_F(ServerTest, EchoesLargeBodies) {
  application_.handlers["/echo"] = [](http::Request& request) { return http::text(std::string(request.body())); };
  start_tls({.max_body_bytes = std::size_t{8} << 20U});
  auto client = connect_tls();
  std::string body(std::size_t{8} << 20U, 'a');
  for (std::size_t i = 0; i < body.size(); i += 1000) {
    body[i] = static_cast<char>('b' + i % 23);
  }
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size());
  for (int round = 0; round < 2; ++round) {
    const auto answer = client.exchange(head + "\r\n\r\n" + body);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->body == body);
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderOverTls) {
  start_tls();
  auto client = connect_tls();
  std::string requests;
  for (int i = 0; i < 2000; ++i) {
    requests += get("/" + std::to_string(i));
  }
  client.send(requests);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(client.receive()->body, "/" + std::to_string(i));
  }
}

TEST_F(ServerTest, HandlesNoMorePipelinedRequestsThanTheirAnswersAreRead) {
  application_.handlers["/big"] = [](http::Request&) { return http::text(std::string(std::size_t{1} << 20U, 'x')); };
  start();
  auto client = connect();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += get("/big");
  }
  client.send(requests);
  std::uint64_t most_ahead = 0;
  for (std::uint64_t received = 1; received <= 100; ++received) {
    ASSERT_EQ(client.receive()->body.size(), std::size_t{1} << 20U);
    most_ahead = std::max(most_ahead, server_->stats().requests - received);
  }
  EXPECT_LT(most_ahead, 30U);  // what the socket's buffers on both sides hold, and one
}

TEST_F(ServerTest, ServesOthersBesideAPipelineThatNeverEnds) {
  start({.loops = 1});
  auto greedy = connect();
  std::jthread flood([&](const std::stop_token& stop) {
    std::string requests;
    for (int i = 0; i < 500; ++i) {
      requests += get("/greedy");
    }
    while (!stop.stop_requested() && greedy.send(requests)) {
      static_cast<void>(greedy.receive_bytes(requests.size()));
    }
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(fetch("/modest")->body, "/modest");
  }
}

TEST_F(ServerTest, SendsTheWholeAnswerToAClientThatHasEndedItsSide) {
  const std::string body(std::size_t{16} << 20U, 'x');
  application_.handlers["/big"] = [&](http::Request&) { return http::text(body); };
  start_tls();
  for (const bool tls : {false, true}) {
    if (!tls) {
      start();
    } else {
      start_tls();
    }
    auto client = tls ? connect_tls() : connect();
    client.send(get("/big"));
    client.end_output();
    const auto answer = client.receive();
    ASSERT_TRUE(answer) << tls;
    EXPECT_EQ(answer->body.size(), body.size());
    EXPECT_EQ(client.receive_until_closed(), "");
  }
}

TEST_F(ServerTest, AnswersAHandlerThatThrowsWith500AndGoesOn) {
  application_.handlers["/throws"] = [](http::Request&) -> http::Response { throw std::runtime_error("hidden"); };
  application_.handlers["/throws-anything"] = [](http::Request&) -> http::Response { throw 7; };
  start();
  auto client = connect();
  for (const std::string_view path : {"/throws", "/throws-anything"}) {
    const auto answer = client.exchange(get(path));
    EXPECT_EQ(answer->status, 500);
    EXPECT_FALSE(answer->body.contains("hidden"));
  }
  EXPECT_EQ(client.exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, EndsOnlyTheConnectionWhosePlanThrows) {
  start({.loops = 1});
  auto other = connect();
  EXPECT_EQ(other.exchange(get("/"))->status, 200);
  auto client = connect();
  client.send(get("/") + get("/bad-plan"));
  static_cast<void>(client.receive_until_closed());
  EXPECT_TRUE(log_.contains("no plan"));
  EXPECT_EQ(other.exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, ClosesConnectionsPastTheGreatestNumber) {
  start({.max_connections = 2, .loops = 1});
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.exchange(get("/"))->status, 200);
  EXPECT_EQ(second.exchange(get("/"))->status, 200);
  EXPECT_EQ(connect().receive_until_closed(), "");
  first.close();
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().open == 1; }));
  EXPECT_EQ(fetch("/")->status, 200);
  EXPECT_EQ(second.exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, OutlivesClientsThatVanishInTheMiddleOfAnAnswer) {
  application_.handlers["/big"] = [](http::Request&) { return http::text(std::string(std::size_t{4} << 20U, 'x')); };
  start_tls();  // the default action of SIGPIPE would end this test
  for (int i = 0; i < 10; ++i) {
    auto client = connect_tls();
    client.send(get("/big"));
    static_cast<void>(client.receive_bytes(1));
    client.reset_on_close();
    client.close();
  }
  EXPECT_TRUE(testing::eventually([&] { return server_->stats().open == 0; }));
  EXPECT_EQ(connect_tls().exchange(get("/"))->status, 200);
}

TEST_F(ServerTest, RefusesOptionsThatCouldServeNobody) {
  EXPECT_EQ(error_of([&] { make({.max_handler_threads = 0}); }).code(), Code::invalid_argument);
}

}  // namespace
}  // namespace mcdsl::net
