#include "mcdsl/doctor/health_probe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "mcdsl/httpserver/server.h"

namespace mcdsl::doctor {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 20U;

struct Free {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* tls) const noexcept { SSL_free(tls); }
};

Exception failure(const std::string& what) {
  return {Code::unavailable, what};
}

Exception tls_failure() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return failure(std::string("TLS: ") + (reason != nullptr ? reason : "the connection was lost"));
}

/// A socket whose every wait ends at the deadline.
class Socket {
 public:
  Socket(int family, const sockaddr* address, socklen_t size, Deadline deadline)
      : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), deadline_(deadline) {
    if (!fd_) {
      throw failure(errno_text(errno));
    }
    int error = ::connect(fd_.get(), address, size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      wait_for(POLLOUT);
      socklen_t length = sizeof(error);
      ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    }
    if (error != 0) {
      throw failure(errno_text(error));
    }
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else {
        wait_or_throw(POLLOUT);
      }
    }
  }

  // What has come; nothing at the end.
  std::string_view receive() {
    while (true) {
      const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
      if (count >= 0) {
        return {buffer_.data(), static_cast<std::size_t>(count)};
      }
      wait_or_throw(POLLIN);
    }
  }

 private:
  void wait_or_throw(short events) {
    if (errno != EAGAIN && errno != EINTR) {
      throw failure(errno_text(errno));
    }
    wait_for(events);
  }

  void wait_for(short events) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) == 0) {
      throw failure("timeout");
    }
  }

  UniqueFd fd_;
  const Deadline deadline_;
  std::array<char, 4096> buffer_{};
};

/// TLS 1.3 through a socket, by way of OpenSSL's buffers in memory: its own sockets raise SIGPIPE.
class TlsChannel {
 public:
  TlsChannel(Socket& socket, const std::filesystem::path& certificate) : socket_(socket) {
    ERR_clear_error();
    const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
      throw tls_failure();
    }
    if (SSL_CTX_load_verify_file(context.get(), certificate.c_str()) != 1) {
      ERR_clear_error();
      throw failure("TLS: no certificate can be read from " + certificate.string());
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
    tls_.reset(SSL_new(context.get()));
    BIO* incoming = BIO_new(BIO_s_mem());
    BIO* outgoing = BIO_new(BIO_s_mem());
    if (tls_ == nullptr || incoming == nullptr || outgoing == nullptr) {
      BIO_free(incoming);
      BIO_free(outgoing);
      throw tls_failure();
    }
    SSL_set_bio(tls_.get(), incoming, outgoing);
    SSL_set_connect_state(tls_.get());
    drive([this] { return SSL_do_handshake(tls_.get()); });
  }

  void send(std::string_view bytes) {
    std::size_t count = 0;
    drive([&] { return SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count); });
  }

  std::string_view receive() {
    std::size_t count = 0;
    const bool is_open = drive([&] { return SSL_read_ex(tls_.get(), buffer_.data(), buffer_.size(), &count); });
    return {buffer_.data(), is_open ? count : 0};
  }

 private:
  // Exchanges bytes until the step is done; false where the peer has said that nothing follows.
  template <class Step>
  bool drive(Step step) {
    while (true) {
      const int result = step();
      const int error = SSL_get_error(tls_.get(), result);
      flush();
      if (result == 1 || error == SSL_ERROR_ZERO_RETURN) {
        return result == 1;
      }
      if (error != SSL_ERROR_WANT_READ) {
        throw tls_failure();
      }
      const auto bytes = socket_.receive();
      if (bytes.empty()) {
        throw failure("TLS: the connection was lost");
      }
      BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(bytes.size()));
    }
  }

  void flush() {
    std::array<char, 4096> bytes{};
    int count = 0;
    while ((count = BIO_read(SSL_get_wbio(tls_.get()), bytes.data(), static_cast<int>(bytes.size()))) > 0) {
      socket_.send({bytes.data(), static_cast<std::size_t>(count)});
    }
  }

  Socket& socket_;
  std::unique_ptr<SSL, Free> tls_;
  std::array<char, 4096> buffer_{};
};

Socket connect_to(const net::Address& address, Deadline deadline) {
  if (address.is_unix()) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    if (address.unix_path.size() >= sizeof(path.sun_path)) {
      throw failure("the path of the socket is too long");
    }
    std::memcpy(path.sun_path, address.unix_path.data(), address.unix_path.size());
    return {AF_UNIX, reinterpret_cast<const sockaddr*>(&path), sizeof(path), deadline};
  }
  const net::Address target = address.reachable();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found);
  if (error != 0) {
    throw failure(::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  for (const addrinfo* entry = found;; entry = entry->ai_next) {
    try {
      return {entry->ai_family, entry->ai_addr, entry->ai_addrlen, deadline};
    } catch (const Exception&) {
      if (entry->ai_next == nullptr) {
        throw;
      }
    }
  }
}

// The answer of a server that closes behind it.
template <class Channel>
std::string ask_on(Channel& channel, std::string_view request) {
  channel.send(request);
  std::string text;
  for (auto bytes = channel.receive(); !bytes.empty(); bytes = channel.receive()) {
    text.append(bytes);
    if (text.size() > kMaxAnswerBytes) {
      throw failure("the answer is longer than " + std::to_string(kMaxAnswerBytes) + " bytes");
    }
  }
  return text;
}

HealthProbe::Answer parse_answer(const std::string& text) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  int status = 0;
  const auto head_end = text.find(kHeadEnd);
  if (!text.starts_with(kVersion) || head_end == std::string::npos ||
      std::from_chars(text.data() + kVersion.size(), text.data() + text.size(), status).ec != std::errc()) {
    throw failure("what answers does not speak HTTP/1.1");
  }
  return {.status = status, .body = text.substr(head_end + kHeadEnd.size())};
}

// Whether the service takes us for one of its proxies, which begin with a PROXY header.
bool is_taken_for_proxy(const config::Server& config, const net::Address& address) {
  if (!config.proxy_protocol) {
    return false;
  }
  const std::string host = address.reachable().host;  // where we come from too
  const std::string us = address.is_unix() ? "unix" : host == "localhost" ? "127.0.0.1" : host;
  return httpserver::trusted_proxies(config).contains(http::Peer{.address = us});
}

}  // namespace

HealthProbe HealthProbe::of(const config::Server& config, const net::Address& address) {
  HealthProbe probe{.address = address, .as_proxy = is_taken_for_proxy(config, address)};
  if (config.tls == config::Tls::on) {
    probe.certificate = config.tls_cert;
  }
  return probe;
}

HealthProbe::Answer HealthProbe::ask() const {
  const std::string authority = address.is_unix() ? "localhost" : address.reachable().to_string();
  // HTTP/1.0: the answer is neither chunked nor followed by another.
  const std::string request = "GET /v1/health HTTP/1.0\r\nHost: " + authority + "\r\nUser-Agent: mcdsl\r\n\r\n";
  try {
    Socket socket = connect_to(address, std::chrono::steady_clock::now() + timeout);
    if (as_proxy) {
      socket.send("PROXY UNKNOWN\r\n");
    }
    if (!certificate) {
      return parse_answer(ask_on(socket, request));
    }
    TlsChannel channel(socket, *certificate);
    return parse_answer(ask_on(channel, request));
  } catch (const Exception& error) {
    throw Exception(error.error().wrap("no answer from " + std::string(certificate ? "https://" : "http://") +
                                       authority + "/v1/health"));
  }
}

}  // namespace mcdsl::doctor
