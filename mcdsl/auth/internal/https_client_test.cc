#include "mcdsl/auth/internal/https_client.h"

#include <cstdlib>
#include <deque>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "mcdsl/auth/internal/server_for_test.h"
#include "mcdsl/auth/internal/threads_for_test.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::auth::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HttpsClientTest : public ::testing::Test {
 protected:
  HttpsClient::Settings settings() const {
    return {.url_setting = "test",
            .url = server_.url(),
            .ca_cert = dir_.write("ca.pem", ca_.certificate()),
            .timeout = 1min,
            .max_connections = 1,
            .logger = {}};
  }
  TestResponse handle(const TestRequest& request) {
    if (request.target == "/slow") {
      is_busy_.count_down();
      may_answer_.wait();
    }
    return {.body = request.method + " " + request.target};
  }

  static Deadline deadline(std::chrono::nanoseconds timeout = 1min) {
    return std::chrono::steady_clock::now() + timeout;
  }

  /// Of a client of `scripted_`, which answers each request with what is to be played next.
  HttpsClient::Settings scripted() const {
    auto changed = settings();
    changed.url = scripted_.url();
    return changed;
  }

  /// What a client says of an answer that is none.
  std::string failure(const TestResponse& answer) {
    play({answer});
    HttpsClient client(scripted());
    const auto response = client.send(kGet, deadline());
    EXPECT_FALSE(response);
    return response ? "" : response.error().to_string();
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  /// A listener that nobody looks at.
  static UniqueFd listen_silently(int backlog) {
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = loopback(0);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener.get(), backlog), 0);
    return listener;
  }

  static std::uint16_t port_of(const UniqueFd& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }

  std::string failure_at(std::uint16_t port, std::chrono::nanoseconds timeout = 200ms) const {
    auto changed = settings();
    changed.url = "https://127.0.0.1:" + std::to_string(port);
    HttpsClient client(changed);
    const auto response = client.send(kGet, deadline(timeout));
    EXPECT_FALSE(response);
    return response ? "" : response.error().to_string();
  }

  void play(std::deque<TestResponse> script) {
    const std::scoped_lock lock(mutex_);
    script_ = std::move(script);
  }
  std::size_t left_of_script() {
    const std::scoped_lock lock(mutex_);
    return script_.size();
  }
  TestResponse take_from_script() {
    const std::scoped_lock lock(mutex_);
    TestResponse response{.status = 500};
    if (!script_.empty()) {
      response = script_.front();
      script_.pop_front();
    }
    return response;
  }

  static constexpr HttpsRequest kGet{.method = "GET", .path = "/fast"};

  testing::TempDir dir_;
  testing::CertificateAuthority ca_;
  std::mutex mutex_;
  std::deque<TestResponse> script_;
  std::latch is_busy_{1};
  std::latch may_answer_{1};
  TestServer server_{ca_.issue(), [this](const TestRequest& request) { return handle(request); }};
  TestServer scripted_{ca_.issue(), [this](const TestRequest&) { return take_from_script(); }};
};

TEST_F(HttpsClientTest, SaysWhenAllConnectionsAreBusy) {
  HttpsClient client(settings());
  TestThreads occupant(1,
                       [&](int) { EXPECT_TRUE(client.send({.method = "GET", .path = "/slow"}, client.deadline())); });
  is_busy_.wait();
  const auto response = client.send(kGet, std::chrono::steady_clock::now());
  may_answer_.count_down();
  occupant.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::unavailable);
  EXPECT_EQ(response.error().to_string(), "GET " + server_.url() + "/fast: timeout: all 1 connections are busy");
}

TEST_F(HttpsClientTest, WaitsForABusyConnection) {
  HttpsClient client(settings());
  TestThreads occupant(1,
                       [&](int) { EXPECT_TRUE(client.send({.method = "GET", .path = "/slow"}, client.deadline())); });
  is_busy_.wait();
  TestThreads waiting(1, [&](int) { EXPECT_TRUE(client.send(kGet, client.deadline())); });
  waiting.wait_until_all_block();
  may_answer_.count_down();
  waiting.join();
  occupant.join();
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpsClientTest, SendsWhatItIsTold) {
  HttpsClient client(settings());
  for (const auto* method : {"POST", "GET", "POST"}) {
    const auto response = client.send({.method = method, .path = "/x"}, client.deadline());
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body.reveal(), std::string(method) + " /x");
  }
}

TEST_F(HttpsClientTest, LeavesAwayTheSlashAtTheEndOfItsUrl) {
  auto with_slash = settings();
  with_slash.url.append("/");
  HttpsClient client(with_slash);
  const auto response = client.send(kGet, client.deadline());
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.reveal(), "GET /fast");
}

TEST_F(HttpsClientTest, TakesAProxyFromNobody) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  HttpsClient client(settings());
  EXPECT_TRUE(client.send(kGet, client.deadline()));
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpsClientTest, ConnectsAnewWhereTheServerDoesNotKeepConnections) {
  const TestServer server(ca_.issue(),
                          [](const TestRequest&) { return TestResponse{.headers = {{"Connection", "close"}}}; });
  auto closing = settings();
  closing.url = server.url();
  HttpsClient client(closing);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client.send(kGet, client.deadline()));
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpsClientTest, TrustsACaFileThatWasReplaced) {
  const testing::CertificateAuthority next("next");
  const TestServer server(next.issue(), [](const TestRequest&) { return TestResponse(); });
  auto renewed = settings();
  renewed.url = server.url();
  HttpsClient client(renewed);
  EXPECT_FALSE(client.send(kGet, client.deadline()));
  dir_.write("ca.pem", next.certificate());
  EXPECT_TRUE(client.send(kGet, client.deadline()));
}

TEST_F(HttpsClientTest, TrustsTheSystemWhereNoCaFileIsSet) {
  auto system = settings();
  system.ca_cert.clear();
  const auto refused = HttpsClient(system).send(kGet, deadline());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("unable to get local issuer certificate"));
  ::setenv("SSL_CERT_FILE", settings().ca_cert.c_str(), 1);
  EXPECT_TRUE(HttpsClient(system).send(kGet, deadline()));
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(HttpsClientTest, TrustsTheServersOwnCertificateWhereThatIsInTheFile) {
  const auto certificate = ca_.issue();
  const TestServer server(certificate, [](const TestRequest&) { return TestResponse(); });
  auto pinned = settings();
  pinned.url = server.url();
  pinned.ca_cert = dir_.write("pinned.pem", certificate.leaf);
  EXPECT_TRUE(HttpsClient(pinned).send(kGet, deadline()));
}

TEST_F(HttpsClientTest, RefusesAFileThatIsDamagedBehindItsFirstCertificate) {
  auto damaged = settings();
  const auto& pem = ca_.certificate();
  damaged.ca_cert = dir_.write("damaged.pem", pem + pem.substr(0, 40) + "!" + pem.substr(40));
  EXPECT_THAT(
      [&] { HttpsClient client(damaged); },
      ::testing::ThrowsMessage<Exception>(HasSubstr("certificate 2 is damaged in " + damaged.ca_cert.string())));
}

TEST_F(HttpsClientTest, SendsTheHeadThatAServerNeeds) {
  std::promise<TestRequest> request_seen;
  const TestServer server(ca_.issue(), [&](const TestRequest& request) {
    request_seen.set_value(request);
    return TestResponse();
  });
  auto at = settings();
  at.url = server.url("127.0.0.1") + "/below/";
  HttpsClient client(at);
  ASSERT_TRUE(client.send({.method = "POST",
                           .path = "/x?y=1",
                           .authorization = "Bearer t",
                           .content_type = "text/plain",
                           .body = "some\r\n\r\nbody"},
                          deadline()));
  const TestRequest seen = request_seen.get_future().get();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/below/x?y=1");
  EXPECT_EQ(seen.body, "some\r\n\r\nbody");
  EXPECT_EQ(seen.headers, (std::map<std::string, std::string>{{"host", "127.0.0.1:" + std::to_string(server.port())},
                                                              {"user-agent", "mcdsl"},
                                                              {"accept", "application/json"},
                                                              {"authorization", "Bearer t"},
                                                              {"content-type", "text/plain"},
                                                              {"content-length", "12"}}));
}

TEST_F(HttpsClientTest, ReadsAnswersOfEveryFraming) {
  play({{.raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
        {.raw = "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"},
        {.raw = "HTTP/1.1 200 OK\r\n\r\nabcde", .after = After::close}});
  HttpsClient client(scripted());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(kGet, deadline());
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body.reveal(), "abcde");
  }
  EXPECT_EQ(scripted_.connections(), 1);
}

TEST_F(HttpsClientTest, TakesNoAnswerThatWasCut) {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd";
  for (const After after : {After::close, After::cut}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20}, whole.size()}) {
      EXPECT_THAT(failure({.raw = whole.substr(0, size), .after = after}),
                  HasSubstr("the server ended the connection"));
    }
  }
  // An end without TLS's good-bye may be anybody's.
  EXPECT_THAT(failure({.raw = "HTTP/1.1 200 OK\r\n\r\nabcd", .after = After::cut}),
              HasSubstr("the server ended the connection amid its answer"));
}

TEST_F(HttpsClientTest, TakesNoMalformedAnswer) {
  EXPECT_THAT(failure({.raw = "SSH-2.0-OpenSSH_9.2\r\n"}), HasSubstr("malformed"));
  EXPECT_THAT(failure({.raw = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}),
              HasSubstr("malformed"));
}

TEST_F(HttpsClientTest, NamesAnAnswerThatStalls) {
  for (const std::string begun : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd"}) {
    play({{.body = "first"}, {.raw = begun}});
    HttpsClient client(scripted());
    ASSERT_TRUE(client.send(kGet, deadline()));  // so that the short time is the answer's alone
    const auto response = client.send(kGet, deadline(200ms));
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().to_string(), HasSubstr("timeout: the answer is not complete"));
    EXPECT_TRUE(testing::eventually([this] { return left_of_script() == 0; }));
  }
}

TEST_F(HttpsClientTest, NamesAHandshakeThatStalls) {
  const UniqueFd listener = listen_silently(8);
  EXPECT_THAT(failure_at(port_of(listener)), HasSubstr("timeout: the TLS handshake is not done"));
}

TEST_F(HttpsClientTest, NamesAConnectionThatStalls) {
  const UniqueFd listener = listen_silently(0);
  std::vector<UniqueFd> queued;  // once the queue of the listener is full, further ones are not answered
  for (int i = 0; i < 8; ++i) {
    queued.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto address = loopback(port_of(listener));
    static_cast<void>(::connect(queued.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
  }
  EXPECT_THAT(failure_at(port_of(listener)), HasSubstr("timeout: connecting"));
}

TEST_F(HttpsClientTest, NamesAServerThatEndsTheHandshake) {
  const UniqueFd listener = listen_silently(8);
  std::jthread server([&] { const UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); });
  EXPECT_THAT(failure_at(port_of(listener), 1min), HasSubstr("TLS: "));
}

TEST_F(HttpsClientTest, TriesTheNextAddressWhereOneRefuses) {
  const ServerUrl url = parse_server_url("test", server_.url());
  const auto port = std::to_string(server_.port());
  auto addresses = Resolver("127.0.0.2", port).resolve(deadline()).value();  // nobody listens there
  const TlsClientContext context(settings().ca_cert);
  const auto refused = TlsConnection::open(context, url, addresses, deadline());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(), "connect: Connection refused");
  addresses.push_back(Resolver("127.0.0.1", port).resolve(deadline()).value().front());
  EXPECT_TRUE(TlsConnection::open(context, url, addresses, deadline()));
}

TEST_F(HttpsClientTest, KeepsAConnectionForTheNextCall) {
  HttpsClient client(settings());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(client.send(kGet, deadline()));
  }
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(HttpsClientTest, KeepsNoConnectionForTooLong) {
  auto forgetful = settings();
  forgetful.max_idle = 0s;
  HttpsClient client(forgetful);
  EXPECT_TRUE(client.send(kGet, deadline()));
  EXPECT_TRUE(client.send(kGet, deadline()));
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(HttpsClientTest, KeepsNoConnectionOnWhichMoreCameThanWasAsked) {
  play({{.raw = "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}, {.body = "good"}});
  HttpsClient client(scripted());
  EXPECT_TRUE(client.send(kGet, deadline()));
  EXPECT_EQ(client.send(kGet, deadline()).value().body.reveal(), "good");
  EXPECT_EQ(scripted_.connections(), 2);
}

TEST_F(HttpsClientTest, ReplacesAKeptConnectionThatTheServerHasClosed) {
  for (const After after : {After::close, After::cut}) {
    play({{.body = "first", .after = after}, {.body = "second"}});
    HttpsClient client(scripted());
    EXPECT_EQ(client.send(kGet, deadline()).value().body.reveal(), "first");
    EXPECT_EQ(client.send(kGet, deadline()).value().body.reveal(), "second");
  }
}

TEST_F(HttpsClientTest, AsksAgainOnceWhereAKeptConnectionEndsWithoutAnAnswer) {
  for (const After after : {After::close, After::cut}) {
    play({{.body = "first"}, {.raw = "", .after = after}, {.body = "second"}});
    HttpsClient client(scripted());
    EXPECT_EQ(client.send(kGet, deadline()).value().body.reveal(), "first");
    EXPECT_EQ(client.send(kGet, deadline()).value().body.reveal(), "second");
    EXPECT_EQ(left_of_script(), 0U);

    play({{.body = "first"}, {.raw = "", .after = after}, {.raw = "", .after = after}, {.body = "third"}});
    HttpsClient other(scripted());
    EXPECT_TRUE(other.send(kGet, deadline()));
    EXPECT_FALSE(other.send(kGet, deadline()));
    EXPECT_EQ(left_of_script(), 1U);
  }
}

TEST_F(HttpsClientTest, DoesNotAskAgainOnceAnAnswerHasBegun) {
  play({{.body = "first"}, {.raw = "H", .after = After::cut}, {.body = "second"}});
  HttpsClient client(scripted());
  EXPECT_TRUE(client.send(kGet, deadline()));
  EXPECT_FALSE(client.send(kGet, deadline()));
  EXPECT_EQ(left_of_script(), 1U);
}

TEST_F(HttpsClientTest, SharesItsConnectionsAmongManyThreads) {
  auto shared = settings();
  shared.max_connections = 3;
  HttpsClient client(shared);
  TestThreads threads(8, [&](int i) {
    const std::string path = "/" + std::to_string(i);
    for (int round = 0; round < 20; ++round) {
      const auto response = client.send({.method = "GET", .path = path}, deadline());
      ASSERT_TRUE(response) << response.error().to_string();
      EXPECT_EQ(response->body.reveal(), "GET " + path);
    }
  });
  threads.join();
  EXPECT_LE(server_.connections(), 3);
}

}  // namespace
}  // namespace mcdsl::auth::internal
