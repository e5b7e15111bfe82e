// Everything at once: clients that pipeline, trickle, vanish; handlers that block or say that they will; and a stop at
// any moment. What can go wrong here is seen by the sanitizers, by a hang, or by an answer that belongs to another.

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

// The first letter of the path says how long the answer takes; the path comes back.
class Moody final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    request.set_route(request.path().starts_with("/b") ? "/b" : "/other");
    return {};
  }
  http::Response serve(http::Request& request) const override {
    switch (request.path()[1]) {
      case 'b':
        std::this_thread::sleep_for(2ms);  // the work of the handler, not a wait of the test
        break;
      case 'p':
        about_to_block();
        std::this_thread::yield();
        break;
      case 't':
        about_to_block();
        throw std::runtime_error("moody");
      case 'l':
        return http::text(std::string(100'000, 'l'));
      default:
        break;
    }
    return http::text(std::string(request.path()));
  }
};

class Client {
 public:
  Client(std::uint16_t port, unsigned seed) : port_(port), random_(seed) {}

  // Connections one after another until one is refused: the server has stopped.
  void run() {
    try {
      for (;;) {
        testing::HttpClient client("127.0.0.1", port_);
        while (converse(client)) {
        }
      }
    } catch (const Exception&) {
      return;
    }
  }

  [[nodiscard]] int answers() const { return answers_; }
  [[nodiscard]] int wrong() const { return wrong_; }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  std::string path() { return std::string("/") + "bptlf"[pick(5)] + std::to_string(pick(1000)); }

  void send(testing::HttpClient& client, const std::string& bytes) {
    const auto cut = static_cast<std::size_t>(pick(static_cast<int>(bytes.size())));
    client.send(std::string_view(bytes).substr(0, cut));
    client.send(std::string_view(bytes).substr(cut));
  }

  bool is_right(const http::Response& answer, const std::string& path) const {
    if (answer.status == 503) {
      return true;
    }
    if (path[1] == 't') {
      return answer.status == 500;
    }
    return answer.status == 200 && answer.body == (path[1] == 'l' ? std::string(100'000, 'l') : path);
  }

  // Sends a pipeline and reads its answers, or goes away before. Whether the connection is still good.
  bool converse(testing::HttpClient& client) {
    std::vector<std::string> paths;
    std::string bytes;
    for (int i = 0, count = 1 + pick(5); i < count; ++i) {
      paths.push_back(path());
      bytes += "GET " + paths.back() + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    send(client, bytes);
    if (const int mood = pick(12); mood < 2) {
      if (mood == 0) {
        client.reset_on_close();
      }
      return false;
    }
    for (const std::string& path : paths) {
      const auto answer = client.receive();
      if (!answer) {
        return false;  // the server is draining
      }
      ++answers_;
      wrong_ += is_right(*answer, path) ? 0 : 1;
    }
    return true;
  }

  std::uint16_t port_;
  std::mt19937 random_;
  int answers_ = 0;
  int wrong_ = 0;
};

void run_round(unsigned seed, unsigned loops, unsigned threads) {
  const Moody application;
  Server server(application, {.loops = loops, .max_handler_threads = threads});
  const Address address = server.listen(*parse_address("127.0.0.1:0"), nullptr);
  server.start();
  std::vector<Client> clients;
  for (unsigned i = 0; i < 8; ++i) {
    clients.emplace_back(address.port, seed * 100 + i);
  }
  std::vector<std::jthread> threads_of_clients;
  for (Client& client : clients) {
    threads_of_clients.emplace_back([&client] { client.run(); });
  }
  const std::uint64_t enough = 500 + seed * 137 % 900;
  EXPECT_TRUE(testing::eventually([&] { return server.stats().requests >= enough; }));
  server.stop();
  EXPECT_TRUE(server.wait());
  threads_of_clients.clear();
  for (const Client& client : clients) {
    EXPECT_EQ(client.wrong(), 0);
    EXPECT_GT(client.answers(), 0);
  }
  EXPECT_EQ(server.stats().open, 0U);
}

TEST(Stress, OfOneLoopWithFewThreads) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    run_round(seed, 1, 2);
  }
}

TEST(Stress, OfSeveralLoopsWithManyThreads) {
  for (unsigned seed = 7; seed <= 12; ++seed) {
    run_round(seed, 3, 16);
  }
}

TEST(Stress, OfServersThatStartAndStopAtOnce) {
  const Moody application;
  for (int i = 0; i < 50; ++i) {
    Server server(application, {.loops = 2});
    server.listen(*parse_address("127.0.0.1:0"), nullptr);
    std::jthread stopper([&] { server.stop(); });
    std::jthread watcher([&] { static_cast<void>(server.stats()); });
    server.start();
    stopper.join();
    server.stop();
    EXPECT_TRUE(server.wait());
  }
}

}  // namespace
}  // namespace mcdsl::net
