#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/server.h"
#include "mcdsl/testing/certificates.h"
#include "mcdsl/testing/eventually.h"
#include "mcdsl/testing/http_client.h"
#include "mcdsl/testing/log_capture.h"
#include "mcdsl/testing/manual_clock.h"
#include "mcdsl/testing/temp_dir.h"

namespace mcdsl::net {

/// Holds back whoever passes until it is opened. Threads: safe from any thread.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --inside_;
  }
  void open() { set(true); }
  void shut() { set(false); }
  void wait_for(int inside) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ >= inside; });
  }

 private:
  void set(bool open) {
    const std::scoped_lock lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool open_ = false;
};

/// A handler by path, which is the route too. Other paths are answered with themselves.
class Paths final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    if (request.path() == "/bad-plan") {
      throw std::runtime_error("no plan");
    }
    if (request.path() == "/stuck-plan") {
      stuck_plan();  // on the loop itself, which nobody takes over then
    }
    if (const auto found = handlers.find(request.path()); found != handlers.end()) {
      request.set_route(found->first);
    }
    return {};
  }
  http::Response serve(http::Request& request) const override {
    if (const auto& refusal = request.refusal()) {
      return http::error(refusal->status, refusal->text);
    }
    const auto found = handlers.find(request.path());
    return found != handlers.end() ? found->second(request) : http::text(std::string(request.path()));
  }

  std::map<std::string, http::Handler, std::less<>> handlers;
  std::function<void()> stuck_plan;
};

inline std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

/// A server on a port of its own, with "/gate" for a handler that blocks until the gate opens.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    application_.handlers["/gate"] = [this](http::Request&) {
      gate_.pass();
      return http::text("passed");
    };
  }
  ~ServerTest() override {
    gate_.open();
    server_.reset();
  }

  Server& make(ServerOptions options = {}, const Clock& clock = system_clock()) {
    return server_.emplace(application_, options, log_.logger(), clock);
  }
  Server& start(ServerOptions options = {}, const Clock& clock = system_clock()) {
    make(options, clock);
    address_ = server_->listen(*parse_address("127.0.0.1:0"), nullptr);
    server_->start();
    return *server_;
  }
  Server& start_tls(ServerOptions options = {}, const Clock& clock = system_clock()) {
    write_certificate();
    certificates_.emplace(dir_ / "cert.pem", dir_ / "key.pem", log_.logger());
    make(options, clock);
    address_ = server_->listen(*parse_address("127.0.0.1:0"), &*certificates_);
    server_->start();
    return *server_;
  }
  void write_certificate() const {
    const auto certificate = ca_.issue();
    dir_.write("cert.pem", certificate.chain);
    dir_.write("key.pem", certificate.key);
  }

  [[nodiscard]] testing::HttpClient connect() const { return {"127.0.0.1", address_.port}; }
  [[nodiscard]] testing::HttpClient connect_tls(testing::TlsOptions options = {}) const {
    options.trusted = ca_.certificate();
    return {"127.0.0.1", address_.port, options};
  }

  /// The answer to GET on a connection of its own.
  [[nodiscard]] std::optional<http::Response> fetch(std::string_view path) const {
    return connect().exchange(get(path));
  }

  /// Whether the drain has begun: nobody listens any more.
  [[nodiscard]] bool refuses_connections() const {
    try {
      static_cast<void>(connect());
      return false;
    } catch (const Exception&) {
      return true;
    }
  }

  testing::ManualClock clock_;
  const testing::TempDir dir_;
  const testing::LogCapture log_;
  const testing::CertificateAuthority ca_;
  Gate gate_;
  Paths application_;
  std::optional<CertificateStore> certificates_;
  Address address_;
  std::optional<Server> server_;
};

/// Moves a clock on, a second each millisecond, while it lives.
class RunningClock {
 public:
  explicit RunningClock(testing::ManualClock& clock)
      : thread_([&clock](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            clock.advance(std::chrono::seconds(1));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace mcdsl::net
