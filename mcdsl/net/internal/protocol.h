#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/net/internal/exchange.h"

namespace mcdsl::net {

/// What a connection waits for; each has its timeout. A call is a handler that has a time of its own.
enum class Waiting : std::uint8_t { for_request, for_head, for_body, for_handler, for_call, for_nothing };

/// What a protocol may ask of the connection under it.
class ProtocolHost {
 public:
  /// Bytes for the peer, in order. They leave when the loop flushes the connection.
  virtual void send(std::string_view bytes) = 0;
  virtual void send(std::string&& bytes) = 0;

  /// Takes a file to be sent as it is, in order with the bytes; false where it must come as bytes.
  [[nodiscard]] virtual bool send_file(http::FileBody& file) = 0;

  /// How much may be sent before the peer has to read. What does not fit waits for `Protocol::on_writable`.
  virtual std::size_t output_room() const = 0;

  /// Makes the pipe of a body that arrives while its handler runs.
  virtual std::unique_ptr<BodyPipe> make_pipe(Exchange& exchange) = 0;

  /// Queues a request for its handler, one that is complete or that has a pipe for its body; what becomes of it comes
  /// to `Protocol::on_news`. The exchange stays the protocol's until it is done, unless it is given up with `abandon`.
  virtual void submit(Exchange& exchange) = 0;

  /// Keeps an exchange whose handler runs until it returns; its answer goes nowhere.
  virtual void abandon(std::unique_ptr<Exchange> exchange) noexcept = 0;

  /// No more requests: the connection ends when what was sent has left. With `linger`, what the peer still sends is
  /// read and dropped for a while, so that the answer is not lost to a reset (RFC 9112 §9.6).
  virtual void finish(bool linger) = 0;

  virtual http::Peer peer() const = 0;
  virtual Clock::SteadyTime now() const = 0;    ///< as of this round of the loop
  virtual const std::string& date() const = 0;  ///< for the Date field (RFC 9110 §6.6.1)

 protected:
  ~ProtocolHost() = default;
};

/// The state of one connection in one protocol: turns bytes into requests and responses into bytes.
/// Threads: the loop's owner.
class Protocol {
 public:
  virtual ~Protocol() = default;

  /// Takes what it can of the input and returns how much; the rest comes again with more behind it.
  virtual std::size_t on_input(std::string_view bytes) = 0;

  /// Whether it has a use for more input now. If not, the socket holds it back.
  [[nodiscard]] virtual bool takes_input() const = 0;

  /// A handler has answered, or begun to, or one of its pipes has moved.
  virtual void on_news(Exchange& exchange, News news) = 0;

  /// The time of an exchange's own is over; its handler runs, or is about to.
  virtual void on_deadline(Exchange& exchange) = 0;

  /// The peer will send no more. It may still read; but who waits for something may do better than to go on.
  virtual void on_input_ended() noexcept = 0;

  /// What was sent has left: there is room for more.
  virtual void on_writable() = 0;

  /// The time for what it waits for is over.
  virtual void on_timeout() = 0;

  /// The server stops: answer what is in flight, take nothing new.
  virtual void drain() = 0;

  /// The connection is gone; give up what is in flight.
  virtual void on_closed() noexcept = 0;

  [[nodiscard]] virtual Waiting waiting() const = 0;

  /// Bytes of the body that is being read, for its timeout.
  [[nodiscard]] virtual std::uint64_t body_bytes() const = 0;
};

}  // namespace mcdsl::net
