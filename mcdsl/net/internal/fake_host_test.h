#pragma once

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/net/internal/http1.h"

namespace mcdsl::net {

/// A connection for Http1 without a socket: keeps what it sends, and runs the handler when told to.
class FakeHost final : public ProtocolHost {
 public:
  explicit FakeHost(const http::Application& application, ServerOptions options = {})
      : application_(application), options_(options), http1(*this, application, options_, counters) {}

  void send(std::string_view bytes) override { sent.append(bytes); }
  void send(std::string&& bytes) override { sent.append(bytes); }
  [[nodiscard]] bool send_file(http::FileBody& /*file*/) override { return false; }
  [[nodiscard]] std::size_t output_room() const override { return room; }
  std::unique_ptr<BodyPipe> make_pipe(Exchange& /*exchange*/) override {
    return std::make_unique<BodyPipe>([this] { ++notifications; });
  }
  void submit(Exchange& exchange) override { submitted = &exchange; }
  void abandon(std::unique_ptr<Exchange> exchange) noexcept override { abandoned = std::move(exchange); }
  void finish(bool linger) override {
    ++finishes;
    lingers = linger;
  }
  [[nodiscard]] Clock::SteadyTime now() const override { return time; }
  [[nodiscard]] http::Peer peer() const override { return {.address = "192.0.2.1", .port = 1, .secure = false}; }
  [[nodiscard]] const std::string& date() const override { return date_; }

  /// Gives bytes to the protocol as a connection does, running handlers as they are submitted.
  void feed(std::string_view bytes) {
    pending_.append(bytes);
    do {
      const std::size_t taken = http1.on_input(pending_);
      if (taken > pending_.size()) {
        throw std::logic_error("more was taken than given");
      }
      pending_.erase(0, taken);
    } while (answer());
  }
  [[nodiscard]] const std::string& pending() const { return pending_; }

  /// Runs the handler of the submitted request; false where there is none.
  bool answer() {
    Exchange* exchange = std::exchange(submitted, nullptr);
    if (exchange == nullptr) {
      return false;
    }
    ++answers;
    exchange->response = application_.serve(exchange->request);
    http1.on_news(*exchange, {.done = true});
    return true;
  }

 private:
  const http::Application& application_;
  const ServerOptions options_;
  const std::string date_ = "Thu, 01 Jan 2026 00:00:00 GMT";
  std::string pending_;

 public:
  Counters counters;
  std::string sent;
  Exchange* submitted = nullptr;
  std::unique_ptr<Exchange> abandoned;
  Clock::SteadyTime time{};
  std::size_t room = std::size_t{64} << 10U;
  std::atomic<int> notifications = 0;
  int answers = 0;
  int finishes = 0;
  bool lingers = false;
  Http1 http1;
};

}  // namespace mcdsl::net
