#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "mcdsl/base/unique_fd.h"

namespace mcdsl::net {

/// A non-blocking byte stream over a connected socket: plain, or through TLS.
/// Threads: one at a time.
class Transport {
 public:
  enum class Status : std::uint8_t {
    ok,           ///< `count` bytes were moved
    would_block,  ///< wait until the socket can be read (or, with `wants_write`, written)
    closed,       ///< the peer ended its side in an orderly way
    failed,       ///< the connection is broken or the handshake was refused
  };
  struct Outcome {
    Status status = Status::failed;
    std::size_t count = 0;
    bool wants_write = false;
  };

  /// `tls_context` is an SSL_CTX that the connection keeps alive; null for a plain stream.
  Transport(UniqueFd fd, const std::shared_ptr<void>& tls_context);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] bool is_tls() const noexcept { return tls_ != nullptr; }
  /// Whether the handshake, once done, agreed on HTTP/2.
  [[nodiscard]] bool speaks_http2() const noexcept;

  [[nodiscard]] Outcome read(std::span<char> into) noexcept;
  [[nodiscard]] Outcome write(std::string_view bytes) noexcept;

  /// What stands on the socket before the stream, and stays there: not TLS, even where the stream is.
  [[nodiscard]] Outcome peek(std::span<char> into) noexcept;
  /// Takes what `peek` has shown, `shown.size()` bytes of it, off the socket.
  void drop(std::span<char> shown) noexcept;

  /// Writes a part of a file, from the kernel to the kernel, where `can_send_files`. `closed` where the file has no
  /// more.
  [[nodiscard]] Outcome send_file(int file, std::uint64_t offset, std::uint64_t count) noexcept;
  [[nodiscard]] bool can_send_files() const noexcept { return !is_tls(); }

  /// Whether bytes have come off the socket that `read` has not handed out: epoll does not know of them.
  [[nodiscard]] bool has_buffered_input() const noexcept;

  /// Tells the peer that nothing more will be sent (close_notify, then FIN), as far as the socket takes it.
  void end_output() noexcept;

 private:
  struct Tls;

  [[nodiscard]] Outcome tls_outcome(int result) noexcept;
  [[nodiscard]] Outcome receive(std::span<char> into, int flags) noexcept;

  UniqueFd fd_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace mcdsl::net
