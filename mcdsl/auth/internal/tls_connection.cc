#include "mcdsl/auth/internal/tls_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/file.h"

namespace mcdsl::auth::internal {
namespace {

constexpr auto kProtocols = std::to_array<unsigned char>({8, 'h', 't', 't', 'p', '/', '1', '.', '1'});  // RFC 7301 §3.1

int fd_of(BIO* bio) {
  return static_cast<const UniqueFd*>(BIO_get_data(bio))->get();
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

// The reason of the newest error, which is the one closest to the caller, and an empty queue behind it.
std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(ERR_GET_REASON(code));
}

void require(bool success) {
  if (!success) {
    throw Exception(Code::internal, "TLS: " + take_openssl_error());
  }
}

BIO_METHOD* socket_method() {
  static const OpensslPtr<BIO_METHOD> method = [] {
    OpensslPtr<BIO_METHOD> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mcdsl client socket"));
    require(made != nullptr && BIO_meth_set_write(made.get(), bio_write) == 1 &&
            BIO_meth_set_read(made.get(), bio_read) == 1 && BIO_meth_set_ctrl(made.get(), bio_control) == 1);
    return made;
  }();
  return method.get();
}

// All certificates of a file of PEM; anything else in it is passed over.
Result<void> add_certificates(X509_STORE& store, const std::filesystem::path& path) {
  const auto pem = read_file(path);
  if (!pem) {
    return fail(pem.error());
  }
  const OpensslPtr<BIO> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  std::size_t count = 0;
  while (true) {
    const OpensslPtr<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) {
      break;
    }
    require(X509_STORE_add_cert(&store, certificate.get()) == 1);
    ++count;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) {
    return fail(Code::invalid_argument, "certificate " + std::to_string(count + 1) + " is damaged in " + path.string());
  }
  if (count == 0) {
    return fail(Code::invalid_argument, "no certificate in PEM in " + path.string());
  }
  return {};
}

std::unexpected<Error> timeout(const char* what) {
  return fail(Code::unavailable, std::string("timeout: ") + what);
}

// Whether the socket became ready for `events` before the deadline.
bool wait_for_socket(int fd, short events, Deadline deadline) {
  pollfd socket{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return false;  // even where it is ready: a server that drips must come to an end too
    }
    constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);  // poll counts in an int
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min(left, kLongest).count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) {
      return true;  // after a failure the call that follows says what is wrong
    }
  }
}

std::unexpected<Error> connect_failure(int errno_value) {
  return fail(Code::unavailable, "connect: " + errno_text(errno_value));
}

Result<UniqueFd> connect_to(const SocketAddress& address, Deadline deadline) {
  UniqueFd socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return connect_failure(errno);
  }
  const int at_once = 1;  // a request is one write, and nothing is to be gained by holding its end back
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
  if (::connect(socket.get(), address.get(), address.size) == 0) {
    return socket;
  }
  if (errno != EINPROGRESS && errno != EINTR) {
    return connect_failure(errno);
  }
  if (!wait_for_socket(socket.get(), POLLOUT, deadline)) {
    return timeout("connecting");
  }
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    return connect_failure(error != 0 ? error : errno);
  }
  return socket;
}

Result<UniqueFd> connect_to_any(std::span<const SocketAddress> addresses, Deadline deadline) {
  Result<UniqueFd> socket = connect_failure(EADDRNOTAVAIL);
  for (std::size_t i = 0; i < addresses.size() && !socket; ++i) {
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<int>(addresses.size() - i);
    socket = connect_to(addresses[i], now + share);
  }
  return socket;
}

}  // namespace

TlsClientContext::TlsClientContext(std::filesystem::path ca_cert) : ca_cert_(std::move(ca_cert)) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  require(context_ != nullptr && SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION) == 1 &&
          SSL_CTX_set_alpn_protos(context_.get(), kProtocols.data(), static_cast<unsigned>(kProtocols.size())) == 0);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context_.get(), &CertificateCheck::verify, nullptr);
  // What is trusted may be an intermediate, or the server's own certificate, with nothing above it.
  require(X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context_.get()), X509_V_FLAG_PARTIAL_CHAIN) == 1);
  // No session is resumed: that would skip the checks of the certificate.
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  // An idle connection holds no buffers, and what a buffer held is overwritten.
  SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context_.get(), SSL_OP_CLEANSE_PLAINTEXT);
  if (!ca_cert_.empty()) {
    value_or_throw(read_ca_cert());  // to say at once what is wrong with it
  }
}

Result<OpensslPtr<X509_STORE>> TlsClientContext::read_ca_cert() const {
  ERR_clear_error();
  OpensslPtr<X509_STORE> store(X509_STORE_new());
  require(store != nullptr);
  if (const auto added = add_certificates(*store, ca_cert_); !added) {
    return fail(added.error().wrap("the CA certificates of the identity service"));
  }
  return store;
}

Result<void> TlsClientContext::set_trust(SSL& tls) const {
  if (ca_cert_.empty()) {  // a megabyte and tens of milliseconds
    std::call_once(system_is_read_, [this] { require(SSL_CTX_set_default_verify_paths(context_.get()) == 1); });
    return {};
  }
  auto store = read_ca_cert();
  if (!store) {
    return fail(store.error());
  }
  require(SSL_set0_verify_cert_store(&tls, store->release()) == 1);
  return {};
}

Result<std::unique_ptr<TlsConnection>> TlsConnection::open(const TlsClientContext& context, const ServerUrl& server,
                                                           std::span<const SocketAddress> addresses,
                                                           Deadline deadline) {
  auto socket = connect_to_any(addresses, deadline);
  if (!socket) {
    return fail(socket.error());
  }
  std::unique_ptr<TlsConnection> connection(new TlsConnection(*std::move(socket)));
  if (auto done = connection->handshake(context, server, deadline); !done) {
    return fail(done.error());
  }
  return connection;
}

TlsConnection::~TlsConnection() {
  if (tls_ != nullptr && SSL_is_init_finished(tls_.get()) == 1) {
    SSL_shutdown(tls_.get());  // says good-bye, and waits for no answer
  }
  ERR_clear_error();
}

Result<void> TlsConnection::prepare(const TlsClientContext& context, const ServerUrl& server) {
  tls_.reset(SSL_new(context.get()));
  OpensslPtr<BIO> bio(BIO_new(socket_method()));
  require(tls_ != nullptr && bio != nullptr);
  BIO_set_data(bio.get(), &socket_);
  BIO_set_init(bio.get(), 1);
  BIO* owned = bio.release();
  SSL_set_bio(tls_.get(), owned, owned);
  SSL_set_app_data(tls_.get(), &check_);
  if (auto trusting = context.set_trust(*tls_); !trusting) {
    return fail(Code::unavailable, "TLS: " + trusting.error().to_string());
  }

  const std::string name = server.tls_name();
  X509_VERIFY_PARAM* rules = SSL_get0_param(tls_.get());
  if (server.is_address()) {
    require(X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1);
  } else {
    // By the subjectAltName alone (RFC 9525 §2), where a wildcard stands for a whole label (§6.3).
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    require(X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1 &&
            SSL_set_tlsext_host_name(tls_.get(), name.c_str()) == 1);
  }
  SSL_set_connect_state(tls_.get());
  return {};
}

Result<void> TlsConnection::handshake(const TlsClientContext& context, const ServerUrl& server, Deadline deadline) {
  if (auto prepared = prepare(context, server); !prepared) {
    return prepared;
  }
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result == 1) {
      break;
    }
    const int error = SSL_get_error(tls_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      if (auto ready = wait_for(error, deadline, "the TLS handshake is not done"); !ready) {
        return ready;
      }
      continue;
    }
    const Error cause = failure(error);
    const std::string fault = check_.fault(server.host);
    std::string text = "TLS: " + (fault.empty() ? cause.message() : fault);
    if (check_.saw_certificate()) {
      text.append("; ").append(check_.describe());
    }
    return fail(Code::unavailable, std::move(text));
  }
  // Sure already, by SSL_VERIFY_PEER: what tokens are sent to is worth a second look.
  if (!check_.saw_certificate() || SSL_get_verify_result(tls_.get()) != X509_V_OK) {
    return fail(Code::unavailable, "TLS: the server has not proven who it is");
  }
  SSL_set0_verify_cert_store(tls_.get(), nullptr);  // not needed again, and large
  check_ = CertificateCheck();
  return {};
}

Result<void> TlsConnection::write(std::string_view bytes, Deadline deadline) {
  std::size_t written = 0;
  while (true) {
    ERR_clear_error();
    // Without partial writes: it takes all, or must be called again with the same.
    const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    if (result == 1) {
      return {};
    }
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return fail(failure(error));
    }
    if (auto ready = wait_for(error, deadline, "the request is not sent"); !ready) {
      return ready;
    }
  }
}

Result<std::size_t> TlsConnection::read(std::span<char> into, Deadline deadline) {
  std::size_t count = 0;
  while (true) {
    ERR_clear_error();
    const int result = SSL_read_ex(tls_.get(), into.data(), into.size(), &count);
    if (result == 1) {
      return count;
    }
    const int error = SSL_get_error(tls_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
      return 0;
    }
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return fail(failure(error));
    }
    if (auto ready = wait_for(error, deadline, "the answer is not complete"); !ready) {
      return fail(ready.error());
    }
  }
}

bool TlsConnection::is_idle() {
  ERR_clear_error();
  char byte = 0;
  std::size_t count = 0;
  const int result = SSL_peek_ex(tls_.get(), &byte, 1, &count);  // takes in what TLS itself says, such as new tickets
  const int error = SSL_get_error(tls_.get(), result);
  ERR_clear_error();
  return result != 1 && error == SSL_ERROR_WANT_READ;
}

Result<void> TlsConnection::wait_for(int tls_error, Deadline deadline, const char* what) const {
  const short events = tls_error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
  return wait_for_socket(socket_.get(), events, deadline) ? Result<void>() : timeout(what);
}

// To be asked at once: it reads errno and OpenSSL's queue.
Error TlsConnection::failure(int tls_error) const {
  const int errno_value = errno;
  if (tls_error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
    return {Code::aborted, errno_value == 0 ? "the connection is lost" : errno_text(errno_value)};
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  std::string reason = take_openssl_error();
  return at_end ? Error(Code::aborted, "the server ended the connection") : Error(Code::unavailable, std::move(reason));
}

}  // namespace mcdsl::auth::internal
