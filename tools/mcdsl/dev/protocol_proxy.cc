#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/base/unique_fd.h"
#include "tools/mcdsl/dev/backend.h"
#include "tools/mcdsl/dev/proxy.h"

namespace mcdsl::tool {
namespace {

constexpr int kBacklog = 128;

// "PROXY TCP4 127.0.0.1 127.0.0.1 49152 8443\r\n"
std::string proxy_header(const sockaddr_in& from, std::uint16_t port) {
  std::array<char, INET_ADDRSTRLEN> address{};
  ::inet_ntop(AF_INET, &from.sin_addr, address.data(), address.size());
  return fmt::format("PROXY TCP4 {} 127.0.0.1 {} {}\r\n", address.data(), ntohs(from.sin_port), port);
}

// Each connection has a thread of its own, which ends with it, or when `stop_` becomes readable, for good.
class ProtocolProxy final : public Proxy {
 public:
  explicit ProtocolProxy(const ProxySettings& settings)
      : settings_(settings), stop_(::eventfd(0, EFD_CLOEXEC)), listener_(listen_at(settings.port)) {
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ProtocolProxy() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto told = ::write(stop_.get(), &one, sizeof one);
    acceptor_.join();
    for (Connection& connection : connections_) {
      connection.thread.join();
    }
  }

 private:
  struct Connection {
    std::thread thread;
    std::atomic<bool> is_over = false;
  };

  static UniqueFd listen_at(std::uint16_t port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), kBacklog) != 0) {
      throw Exception(Code::unavailable,
                      "the proxy cannot listen at 127.0.0.1:" + std::to_string(port) + ": " + errno_text(errno));
    }
    return socket;
  }

  void accept_all() {
    for (;;) {
      std::array<pollfd, 2> wanted{{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = listener_.get(), .events = POLLIN, .revents = 0}}};
      ::poll(wanted.data(), wanted.size(), -1);
      if (wanted[0].revents != 0) {
        return;
      }
      sockaddr_in from{};
      socklen_t size = sizeof from;
      UniqueFd client(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
      forget_what_is_over();
      if (client) {
        begin(std::move(client), from);
      }
    }
  }

  // Where the system has no more threads, the connection is closed.
  void begin(UniqueFd client, const sockaddr_in& from) {
    Connection& connection = connections_.emplace_back();
    try {
      connection.thread = std::thread([this, &connection, from, socket = std::move(client)] {
        pass_on(socket.get(), from);
        connection.is_over = true;
      });
    } catch (const std::system_error&) {
      connections_.pop_back();
    }
  }

  void forget_what_is_over() {
    connections_.remove_if([](Connection& connection) {
      if (connection.is_over) {
        connection.thread.join();
      }
      return connection.is_over.load();
    });
  }

  // Bytes both ways until both sides have ended.
  void pass_on(int client, const sockaddr_in& from) const {
    const UniqueFd service = connect_to_loopback(settings_.backend);
    if (!service || !send_all(service.get(), proxy_header(from, settings_.port))) {
      return;
    }
    std::array<pollfd, 3> wanted{{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = client, .events = POLLIN, .revents = 0},
                                  {.fd = service.get(), .events = POLLIN, .revents = 0}}};
    while (wanted[1].fd >= 0 || wanted[2].fd >= 0) {
      ::poll(wanted.data(), wanted.size(), -1);
      if (wanted[0].revents != 0 || !pass_some(wanted[1], service.get()) || !pass_some(wanted[2], client)) {
        return;
      }
    }
  }

  // False where the connection is gone, or it is time to stop.
  [[nodiscard]] bool send_all(int socket, std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) {
        return false;
      }
      std::array<pollfd, 2> wanted{
          {{.fd = stop_.get(), .events = POLLIN, .revents = 0}, {.fd = socket, .events = POLLOUT, .revents = 0}}};
      ::poll(wanted.data(), wanted.size(), -1);
      if (wanted[0].revents != 0) {
        return false;
      }
    }
    return true;
  }

  // The same.
  bool pass_some(pollfd& from, int to) const {
    if (from.fd < 0 || from.revents == 0) {
      return true;
    }
    std::array<char, 16384> piece{};
    const auto got = ::recv(from.fd, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got > 0) {
      return send_all(to, {piece.data(), static_cast<std::size_t>(got)});
    }
    if (got < 0) {
      return errno == EINTR || errno == EAGAIN;
    }
    ::shutdown(to, SHUT_WR);
    from.fd = -1;
    return true;
  }

  ProxySettings settings_;
  UniqueFd stop_;
  UniqueFd listener_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};

}  // namespace

std::unique_ptr<Proxy> make_protocol_proxy(const ProxySettings& settings) {
  return std::make_unique<ProtocolProxy>(settings);
}

}  // namespace mcdsl::tool
