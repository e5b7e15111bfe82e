#include "mcdsl/testing/http_client.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <span>
#include <utility>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::testing {
namespace {

constexpr int kPatienceMilliseconds = 60'000;
constexpr std::size_t kTlsRecord = std::size_t{17} << 10U;

struct Free {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

[[noreturn]] void fail(const std::string& what, const std::string& why) {
  throw Exception(Code::unavailable, "test client: " + what + ": " + why);
}

[[noreturn]] void fail_tls(const std::string& what) {
  const unsigned long code = ERR_get_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  fail(what, reason != nullptr ? reason : "the peer closed");
}

bool wait_for(int fd, short events) {
  pollfd wanted{.fd = fd, .events = events, .revents = 0};
  return ::poll(&wanted, 1, kPatienceMilliseconds) > 0;
}

UniqueFd connected(const sockaddr* address, socklen_t length) {
  UniqueFd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), address, length) != 0) {
    fail("connect", errno_text(errno));
  }
  return socket;
}

UniqueFd connect_tcp(const std::string& address, std::uint16_t port) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  UniqueFd socket;
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    socket = connected(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    socket = connected(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  } else {
    fail("connect", address + " is not a numeric address");
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

UniqueFd connect_unix(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    fail("connect", path + " is too long");
  }
  path.copy(name.sun_path, path.size());
  return connected(reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    list.push_back(static_cast<char>(protocol.size()));
    list.append(protocol);
  }
  return list;
}

Handle<SSL_CTX> make_context(const TlsOptions& tls) {
  Handle<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  const Handle<BIO> bio(BIO_new_mem_buf(tls.trusted.data(), static_cast<int>(tls.trusted.size())));
  const Handle<X509> trusted(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!context || !trusted || X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), trusted.get()) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), tls.at_most_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION) != 1) {
    fail_tls("TLS");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return context;
}

// What stands in front of the body, taken apart.
std::optional<http::Response> parse_head(std::string_view head) {
  http::Response response;
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12 ||
      std::from_chars(head.data() + 9, head.data() + 12, response.status).ptr != head.data() + 12) {
    return std::nullopt;
  }
  std::string_view rest = head.substr(head.find("\r\n") + 2);
  while (!rest.starts_with("\r\n")) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      return std::nullopt;
    }
    response.headers.add(line.substr(0, colon), http::trim(line.substr(colon + 1)));
    rest.remove_prefix(line.size() + 2);
  }
  return response;
}

}  // namespace

// The socket, and TLS over it by way of memory: so nothing but `send` with MSG_NOSIGNAL ever writes to the socket.
struct HttpClient::Connection {
  UniqueFd fd;
  Handle<SSL> ssl{};

  [[nodiscard]] bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count =
          wait_for(fd.get(), POLLOUT) ? ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) : 0;
      if (count <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // 0 where the peer has closed.
  [[nodiscard]] std::size_t receive_some(std::span<char> into) const {
    const ssize_t count = wait_for(fd.get(), POLLIN) ? ::recv(fd.get(), into.data(), into.size(), 0) : 0;
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  // What TLS has to say goes to the socket.
  [[nodiscard]] bool flush_tls() const {
    BIO* out = SSL_get_wbio(ssl.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    const bool sent = send_all({data, static_cast<std::size_t>(size)});
    BIO_reset(out);
    return sent;
  }

  // Repeats an operation of TLS, with more from the socket each time, until it succeeds. False where it cannot.
  template <class Operation>
  [[nodiscard]] bool run_tls(Operation operation) const {
    for (;;) {
      ERR_clear_error();
      const int result = operation();
      if (!flush_tls() || (result != 1 && SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ)) {
        return false;
      }
      if (result == 1) {
        return true;
      }
      std::array<char, kTlsRecord> bytes{};
      const std::size_t count = receive_some(bytes);
      if (count == 0) {
        return false;
      }
      BIO_write(SSL_get_rbio(ssl.get()), bytes.data(), static_cast<int>(count));
    }
  }

  void handshake(const TlsOptions& tls) {
    if (!send_all(tls.before)) {
      fail("connect", "the server closed the connection");
    }
    const auto context = make_context(tls);
    ssl.reset(SSL_new(context.get()));
    const std::string alpn = alpn_list(tls.alpn);
    if (!ssl || SSL_set1_host(ssl.get(), tls.name.c_str()) != 1 ||
        SSL_set_tlsext_host_name(ssl.get(), tls.name.c_str()) != 1 ||
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned int>(alpn.size())) != 0) {
      fail_tls("TLS");
    }
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl.get());
    if (!run_tls([&] { return SSL_do_handshake(ssl.get()); })) {
      fail_tls("TLS handshake");
    }
  }
};

HttpClient::HttpClient(const std::string& address, std::uint16_t port)
    : connection_(new Connection{.fd = connect_tcp(address, port)}) {}

HttpClient::HttpClient(const std::string& address, std::uint16_t port, const TlsOptions& tls)
    : HttpClient(address, port) {
  connection_->handshake(tls);
}

HttpClient::HttpClient(const std::string& unix_path) : connection_(new Connection{.fd = connect_unix(unix_path)}) {}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

bool HttpClient::send(std::string_view bytes) {
  if (!connection_->ssl) {
    return connection_->send_all(bytes);
  }
  std::size_t written = 0;
  return bytes.empty() || connection_->run_tls([&] {
    return SSL_write_ex(connection_->ssl.get(), bytes.data(), bytes.size(), &written);
  });
}

bool HttpClient::send_below_tls(std::string_view bytes) {
  return connection_->send_all(bytes);
}

bool HttpClient::receive_more() {
  std::array<char, kTlsRecord> bytes{};
  std::size_t count = 0;
  if (!connection_->ssl) {
    count = connection_->receive_some(bytes);
  } else if (!connection_->run_tls(
                 [&] { return SSL_read_ex(connection_->ssl.get(), bytes.data(), bytes.size(), &count); })) {
    count = 0;
  }
  received_.append(bytes.data(), count);
  return count > 0;
}

// RFC 9112 §7.1, without trailers. Whether it came whole.
bool HttpClient::receive_chunks(std::string& body) {
  const auto have = [this](std::size_t size) {
    while (received_.size() < size) {
      if (!receive_more()) {
        return false;
      }
    }
    return true;
  };
  for (;;) {
    std::size_t line_end = 0;
    while ((line_end = received_.find("\r\n")) == std::string::npos) {
      if (!receive_more()) {
        return false;
      }
    }
    std::size_t size = 0;
    const auto [end, problem] = std::from_chars(received_.data(), received_.data() + line_end, size, 16);
    const std::size_t whole = line_end + 2 + size + 2;
    if (problem != std::errc() || end != received_.data() + line_end || !have(whole)) {
      return false;
    }
    body.append(received_, line_end + 2, size);
    received_.erase(0, whole);
    if (size == 0) {
      return true;
    }
  }
}

std::optional<http::Response> HttpClient::receive(bool to_head) {
  std::size_t head_size = 0;
  while ((head_size = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) {
      return std::nullopt;
    }
  }
  head_size += 4;
  auto response = parse_head(std::string_view(received_).substr(0, head_size));
  received_.erase(0, head_size);
  if (!response || response->status < 200) {
    return response ? receive(to_head) : std::nullopt;
  }
  if (!to_head && response->headers.get("transfer-encoding") == "chunked") {
    if (!receive_chunks(response->body)) {
      return std::nullopt;
    }
    return response;
  }
  std::size_t length = 0;
  const std::string_view text = response->headers.get("content-length").value_or("0");
  if (!to_head) {
    std::from_chars(text.data(), text.data() + text.size(), length);
  }
  while (received_.size() < length) {
    if (!receive_more()) {
      return std::nullopt;
    }
  }
  response->body = received_.substr(0, length);
  received_.erase(0, length);
  return response;
}

std::optional<http::Response> HttpClient::exchange(std::string_view bytes) {
  return send(bytes) ? receive() : std::nullopt;
}

std::string HttpClient::receive_bytes(std::size_t count) {
  while (received_.size() < count && receive_more()) {
  }
  return std::exchange(received_, {});
}

std::string HttpClient::receive_until_closed() {
  while (receive_more()) {
  }
  return std::exchange(received_, {});
}

void HttpClient::end_output() {
  if (connection_->ssl) {
    SSL_shutdown(connection_->ssl.get());
    static_cast<void>(connection_->flush_tls());  // a peer that has gone need not be told
  }
  ::shutdown(connection_->fd.get(), SHUT_WR);
}

void HttpClient::reset_on_close() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection_->fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void HttpClient::close() {
  connection_->fd.reset();
}

std::string HttpClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  if (connection_->ssl) {
    SSL_get0_alpn_selected(connection_->ssl.get(), &name, &length);
  }
  return {reinterpret_cast<const char*>(name), length};
}

}  // namespace mcdsl::testing
