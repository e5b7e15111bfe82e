#include "mcdsl/auth/internal/server_for_test.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/sigpipe_guard.h"

namespace mcdsl::auth::internal {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* tls) const noexcept { SSL_free(tls); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

void require(bool success, const char* what) {
  if (!success) {
    throw Exception(Code::internal, std::string("test server: ") + what + " failed");
  }
}

Handle<BIO> reader(const std::string& text) {
  return Handle<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Adds what has come to `buffer`; false at the end of the connection.
bool read_more(SSL* tls, std::string& buffer) {
  std::array<char, 4096> chunk{};
  const int count = SSL_read(tls, chunk.data(), static_cast<int>(chunk.size()));
  if (count <= 0) {
    return false;
  }
  buffer.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

TestRequest parse_head(std::string_view head) {
  TestRequest request;
  const auto line = head.substr(0, head.find("\r\n"));
  const auto space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
  head.remove_prefix(line.size());
  while (head.size() > 2) {
    head.remove_prefix(2);
    const auto field = head.substr(0, head.find("\r\n"));
    const auto colon = field.find(": ");
    std::string name(field.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.emplace(std::move(name), field.substr(colon + 2));
    head.remove_prefix(field.size());
  }
  return request;
}

std::optional<TestRequest> read_request(SSL* tls, std::string& buffer) {
  while (!buffer.contains("\r\n\r\n")) {
    if (!read_more(tls, buffer)) {
      return std::nullopt;
    }
  }
  const auto end = buffer.find("\r\n\r\n");
  TestRequest request = parse_head(std::string_view(buffer).substr(0, end));
  buffer.erase(0, end + 4);
  const auto length = request.headers.find("content-length");
  const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
  while (buffer.size() < size) {
    if (!read_more(tls, buffer)) {
      return std::nullopt;
    }
  }
  request.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return request;
}

std::string text_of(const TestResponse& response) {
  if (response.raw) {
    return *response.raw;
  }
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " Test\r\n";
  for (const auto& [name, value] : response.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 204) {
    text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  return text.append("\r\n").append(response.body);
}

// Whether another request may follow.
bool write_response(SSL* tls, const TestResponse& response) {
  const std::string text = text_of(response);
  const bool is_sent = text.empty() || SSL_write(tls, text.data(), static_cast<int>(text.size())) > 0;
  if (is_sent && response.after == After::close) {
    SSL_shutdown(tls);
  }
  return is_sent && response.after == After::wait;
}

}  // namespace

struct TestServer::TlsContext {
  Handle<SSL_CTX> context{SSL_CTX_new(TLS_server_method())};

  TlsContext(const testing::Certificate& certificate, int max_version) {
    require(context != nullptr && SSL_CTX_set_max_proto_version(context.get(), max_version) == 1, "SSL_CTX_new");
    const auto chain = reader(certificate.chain);
    const Handle<X509> leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    require(SSL_CTX_use_certificate(context.get(), leaf.get()) == 1, "using the certificate");
    while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
      SSL_CTX_add_extra_chain_cert(context.get(), next);  // takes it over
    }
    const Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader(certificate.key).get(), nullptr, nullptr, nullptr));
    require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "using the key");
  }
};

TestServer::TestServer(const testing::Certificate& certificate, Handler handler, int max_tls_version)
    : tls_(std::make_unique<TlsContext>(certificate, max_tls_version)),
      handler_(std::move(handler)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener_.get(), generic, size) == 0 && ::listen(listener_.get(), 128) == 0 &&
              ::getsockname(listener_.get(), generic, &size) == 0,
          "listening");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TestServer::~TestServer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept()
    for (const Peer& peer : peers_) {
      ::shutdown(peer.socket.get(), SHUT_RDWR);
    }
  }
  acceptor_.join();
  for (Peer& peer : peers_) {
    peer.thread.join();
  }
}

std::string TestServer::url(std::string_view host) const {
  return "https://" + std::string(host) + ":" + std::to_string(port_);
}

void TestServer::accept_all() {
  while (true) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::scoped_lock lock(mutex_);
    if (!socket || stopping_) {
      return;
    }
    ++connections_;
    const int at_once = 1;  // an answer held back for the acknowledgement of the TLS tickets would take 40 ms
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    const int fd = socket.get();
    peers_.push_back({std::move(socket), std::thread([this, fd] { serve(fd); })});
  }
}

void TestServer::serve(int socket) const {
  sigset_t pipe;  // OpenSSL's socket BIO raises it where the peer has gone: blocked, it ends with this thread
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  const Handle<SSL> tls(SSL_new(tls_->context.get()));
  SSL_set_fd(tls.get(), socket);
  std::string buffer;
  if (SSL_accept(tls.get()) == 1) {
    for (auto request = read_request(tls.get(), buffer); request; request = read_request(tls.get(), buffer)) {
      if (!write_response(tls.get(), handler_(*request))) {
        break;
      }
    }
  }
  ::shutdown(socket, SHUT_RDWR);
}

}  // namespace mcdsl::auth::internal
