#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "mcdsl/base/unique_fd.h"
#include "mcdsl/testing/certificates.h"

namespace mcdsl::auth::internal {

struct TestRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< by lower-case name
  std::string body;
};

/// What a server does behind an answer: waits for the next request, ends the connection in good order, or cuts it.
enum class After : std::uint8_t { wait, close, cut };

struct TestResponse {
  int status = 200;
  std::string body = {};
  std::map<std::string, std::string> headers = {};
  std::optional<std::string> raw = {};  ///< sent in place of all that; may be half an answer, or nothing
  After after = After::wait;
};

/// A small HTTPS server for the tests of clients: HTTP/1.1 with keep-alive on a port of its own on loopback, a thread
/// for each connection. Destruction cuts the connections; a handler that still waits then must return by itself.
class TestServer {
 public:
  using Handler = std::function<TestResponse(const TestRequest&)>;

  /// `max_tls_version` is OpenSSL's number; 0 for the newest.
  TestServer(const testing::Certificate& certificate, Handler handler, int max_tls_version = 0);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// "https://<host>:<port>", for a host that leads to loopback.
  [[nodiscard]] std::string url(std::string_view host = "localhost") const;
  /// How many connections were accepted in all.
  [[nodiscard]] int connections() const noexcept { return connections_; }

 private:
  struct TlsContext;
  struct Peer {
    UniqueFd socket;
    std::thread thread;
  };

  void accept_all();
  void serve(int socket) const;

  std::unique_ptr<TlsContext> tls_;
  Handler handler_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<Peer> peers_;
  bool stopping_ = false;
  std::thread acceptor_;
};

}  // namespace mcdsl::auth::internal
