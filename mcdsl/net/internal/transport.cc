#include "mcdsl/net/internal/transport.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <openssl/err.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/sigpipe_guard.h"
#include "mcdsl/net/internal/openssl.h"

namespace mcdsl::net {
namespace {

int fd_of(BIO* bio) {
  return static_cast<const Transport*>(BIO_get_data(bio))->fd();
}

bool is_transient(int errno_value) {
  return errno_value == EAGAIN || errno_value == EINTR;
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE in a process that does not ignore it.
int bio_write(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t written = ::send(fd_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
  if (written < 0 && is_transient(errno)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(written);
}

int bio_read(BIO* bio, char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t received = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(count), 0);
  if (received < 0 && is_transient(errno)) {
    BIO_set_retry_read(bio);
  }
  BIO_set_flags(bio, received == 0 ? BIO_FLAGS_IN_EOF : 0);
  return static_cast<int>(received);
}

long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) {
    return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  }
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static const OpensslPtr<BIO_METHOD> method = [] {
    OpensslPtr<BIO_METHOD> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mcdsl socket"));
    if (!made || BIO_meth_set_write(made.get(), bio_write) != 1 || BIO_meth_set_read(made.get(), bio_read) != 1 ||
        BIO_meth_set_ctrl(made.get(), bio_control) != 1) {
      throw Exception(Code::internal, "TLS: " + take_openssl_errors());
    }
    return made;
  }();
  return method.get();
}

}  // namespace

struct Transport::Tls {
  std::shared_ptr<void> context;
  OpensslPtr<SSL> ssl;
};

Transport::Transport(UniqueFd fd, const std::shared_ptr<void>& tls_context) : fd_(std::move(fd)) {
  if (!tls_context) {
    return;
  }
  tls_ = std::make_unique<Tls>(tls_context, OpensslPtr<SSL>(SSL_new(static_cast<SSL_CTX*>(tls_context.get()))));
  BIO* bio = BIO_new(socket_method());
  if (!tls_->ssl || bio == nullptr) {
    BIO_free(bio);
    throw Exception(Code::resource_exhausted, "TLS: " + take_openssl_errors());
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_->ssl.get(), bio, bio);
  SSL_set_accept_state(tls_->ssl.get());
}

Transport::~Transport() = default;

bool Transport::speaks_http2() const noexcept {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (tls_) {
    SSL_get0_alpn_selected(tls_->ssl.get(), &name, &size);
  }
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

Transport::Outcome Transport::tls_outcome(int result) noexcept {
  switch (SSL_get_error(tls_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Status::would_block};
    case SSL_ERROR_WANT_WRITE:
      return {.status = Status::would_block, .wants_write = true};
    case SSL_ERROR_ZERO_RETURN:
      return {Status::closed};
    default:
      ERR_clear_error();
      return {Status::failed};
  }
}

Transport::Outcome Transport::read(std::span<char> into) noexcept {
  if (tls_) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(tls_->ssl.get(), into.data(), into.size(), &count);
    return result == 1 ? Outcome{.status = Status::ok, .count = count} : tls_outcome(result);
  }
  return receive(into, 0);
}

Transport::Outcome Transport::receive(std::span<char> into, int flags) noexcept {
  const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), flags);
  if (count > 0) {
    return {.status = Status::ok, .count = static_cast<std::size_t>(count)};
  }
  if (count == 0) {
    return {Status::closed};
  }
  return {is_transient(errno) ? Status::would_block : Status::failed};
}

Transport::Outcome Transport::peek(std::span<char> into) noexcept {
  return receive(into, MSG_PEEK);
}

void Transport::drop(std::span<char> shown) noexcept {
  while (!shown.empty()) {
    const auto outcome = receive(shown, 0);
    if (outcome.status != Status::ok) {
      return;  // `read` finds out too
    }
    shown = shown.subspan(outcome.count);
  }
}

Transport::Outcome Transport::write(std::string_view bytes) noexcept {
  if (tls_) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(tls_->ssl.get(), bytes.data(), bytes.size(), &count);
    return result == 1 ? Outcome{.status = Status::ok, .count = count} : tls_outcome(result);
  }
  const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    return {.status = Status::ok, .count = static_cast<std::size_t>(count)};
  }
  return is_transient(errno) ? Outcome{.status = Status::would_block, .wants_write = true} : Outcome{Status::failed};
}

Transport::Outcome Transport::send_file(int file, std::uint64_t offset, std::uint64_t count) noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20U;  // then whoever waits for the loop has a turn
  auto position = static_cast<off_t>(offset);
  const SigpipeGuard guard;  // sendfile knows no MSG_NOSIGNAL
  const ssize_t sent = ::sendfile(fd_.get(), file, &position, std::min(count, kMost));
  if (sent > 0) {
    return {.status = Status::ok, .count = static_cast<std::size_t>(sent)};
  }
  if (sent == 0) {
    return {Status::closed};
  }
  return is_transient(errno) ? Outcome{.status = Status::would_block, .wants_write = true} : Outcome{Status::failed};
}

bool Transport::has_buffered_input() const noexcept {
  return tls_ && SSL_has_pending(tls_->ssl.get()) == 1;
}

void Transport::end_output() noexcept {
  if (tls_ && SSL_is_init_finished(tls_->ssl.get()) == 1) {
    SSL_shutdown(tls_->ssl.get());
    ERR_clear_error();
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace mcdsl::net
