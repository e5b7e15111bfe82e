#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/net/internal/http2.h"

namespace mcdsl::net {

/// A frame as it is on the wire (RFC 9113 §4.1).
struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload{};

  [[nodiscard]] std::string bytes() const {
    std::string out;
    for (const unsigned shift : {16U, 8U, 0U}) {
      out.push_back(static_cast<char>(payload.size() >> shift));
    }
    out.push_back(static_cast<char>(type));
    out.push_back(static_cast<char>(flags));
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      out.push_back(static_cast<char>(stream >> shift));
    }
    return out.append(payload);
  }

  /// Takes the next whole frame from the front of `bytes`; false where there is none.
  [[nodiscard]] bool take_from(std::string_view& bytes) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
    if (bytes.size() < 9) {
      return false;
    }
    const std::size_t size = byte(0) << 16U | byte(1) << 8U | byte(2);
    if (bytes.size() < 9 + size) {
      return false;
    }
    type = static_cast<std::uint8_t>(byte(3));
    flags = static_cast<std::uint8_t>(byte(4));
    stream = (byte(5) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8)) & 0x7fff'ffffU;
    payload.assign(bytes.substr(9, size));
    bytes.remove_prefix(9 + size);
    return true;
  }
};

/// A connection for Http2 without a socket: keeps what it sends, and runs handlers when told to.
class FakeHttp2Host final : public ProtocolHost {
 public:
  explicit FakeHttp2Host(const http::Application& application, ServerOptions options = {})
      : application_(application), options_(options), http2(*this, application, options_, counters) {}
  FakeHttp2Host(const FakeHttp2Host&) = delete;
  FakeHttp2Host& operator=(const FakeHttp2Host&) = delete;
  ~FakeHttp2Host() { http2.on_closed(); }

  void send(std::string_view bytes) override {
    sent.append(bytes);
    room -= std::min(room, bytes.size());
  }
  void send(std::string&& bytes) override { send(std::string_view(bytes)); }
  [[nodiscard]] bool send_file(http::FileBody& /*file*/) override { return false; }
  [[nodiscard]] std::size_t output_room() const override { return room; }
  std::unique_ptr<BodyPipe> make_pipe(Exchange& /*exchange*/) override {
    return std::make_unique<BodyPipe>([] {});
  }
  void submit(Exchange& exchange) override { submitted.push_back(&exchange); }
  void abandon(std::unique_ptr<Exchange> exchange) noexcept override {
    std::erase(submitted, exchange.get());
    ++abandoned;
  }
  void finish(bool linger) override {
    ++finishes;
    lingers = linger;
  }
  [[nodiscard]] Clock::SteadyTime now() const override { return time; }
  [[nodiscard]] http::Peer peer() const override { return {.address = "192.0.2.1", .port = 1, .secure = true}; }
  [[nodiscard]] const std::string& date() const override { return date_; }

  /// Gives bytes to the protocol as a connection does.
  void feed(std::string_view bytes) {
    while (!bytes.empty() && finishes == 0) {
      bytes.remove_prefix(http2.on_input(bytes));
    }
  }

  /// Runs the handlers of what was submitted.
  void answer() {
    while (!submitted.empty()) {
      Exchange& exchange = *submitted.front();
      submitted.pop_front();
      ++answers;
      exchange.response = application_.serve(exchange.request);
      http2.on_news(exchange, {.done = true});
    }
  }

  /// The peer reads what was sent, and there is room for so much again.
  void flush(std::size_t new_room) {
    room = new_room;
    http2.on_writable();
  }

 private:
  const http::Application& application_;
  const ServerOptions options_;
  const std::string date_ = "Thu, 01 Jan 2026 00:00:00 GMT";

 public:
  Counters counters;
  std::string sent;
  std::deque<Exchange*> submitted;
  Clock::SteadyTime time{};
  std::size_t room = std::size_t{64} << 10U;
  int abandoned = 0;
  int answers = 0;
  int finishes = 0;
  bool lingers = false;  // as the last of them asked
  Http2 http2;
};

}  // namespace mcdsl::net
