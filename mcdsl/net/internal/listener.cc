#include "mcdsl/net/internal/listener.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mcdsl/base/error.h"
#include "mcdsl/net/internal/loop.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerEvent = 16;  // then the other loops have a chance
constexpr int kAcceptsAtEnd = kBacklog;
constexpr auto kPause = 100ms;  // with no descriptor left, the next accept would fail at once and for ever

Code code_of(int errno_value) {
  switch (errno_value) {
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      return Code::unavailable;
    case EACCES:
    case EPERM:
      return Code::permission_denied;
    default:
      return Code::invalid_argument;
  }
}

[[noreturn]] void fail_to_listen(const Address& address, int errno_value) {
  throw Exception(code_of(errno_value), "listen on " + address.to_string() + ": " + errno_text(errno_value));
}

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

// A socket of the family, bound and listening; an invalid one with errno set where the system refuses.
UniqueFd bind_socket(const sockaddr* address, socklen_t length) {
  UniqueFd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) {
    return socket;
  }
  const int on = 1;
  const int off = 0;
  if (address->sa_family != AF_UNIX) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (address->sa_family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(socket.get(), address, length) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    const int cause = errno;
    socket.reset();
    errno = cause;
  }
  return socket;
}

// The addresses of a host in one family; none where it has none there.
std::unique_ptr<addrinfo, FreeAddresses> resolve(const Address& wanted, int family, int& problem) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = family;
  addrinfo* found = nullptr;
  problem = ::getaddrinfo(wanted.host.empty() ? nullptr : wanted.host.c_str(), std::to_string(wanted.port).c_str(),
                          &hints, &found);
  return std::unique_ptr<addrinfo, FreeAddresses>(problem == 0 ? found : nullptr);
}

UniqueFd open_tcp(const Address& wanted) {
  // Every interface is [::], which takes IPv4 too, or 0.0.0.0 on a machine without IPv6. A name is its IPv4 address
  // first, as the Go library listens.
  const auto families = wanted.host.empty() ? std::array{AF_INET6, AF_INET} : std::array{AF_INET, AF_INET6};
  int unresolved = 0;
  int refused = 0;
  for (const int family : families) {
    int problem = 0;
    const auto list = resolve(wanted, family, problem);
    unresolved = problem != 0 ? problem : unresolved;
    for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
      if (UniqueFd socket = bind_socket(each->ai_addr, each->ai_addrlen)) {
        return socket;
      }
      refused = errno;
      if (refused != EAFNOSUPPORT && refused != EADDRNOTAVAIL) {
        fail_to_listen(wanted, refused);
      }
    }
  }
  if (refused == 0) {
    throw Exception(Code::invalid_argument, "listen on " + wanted.to_string() + ": " + ::gai_strerror(unresolved));
  }
  fail_to_listen(wanted, refused);
}

// A socket file that a process left behind when it died refuses connections; one in use takes them, or has no room.
// So does any other kind of file refuse them, and that is never ours to remove.
bool is_stale_socket(const sockaddr_un& name) {
  struct stat file{};
  if (::lstat(name.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) {
    return false;
  }
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno == ECONNREFUSED;
}

UniqueFd open_unix(const Address& wanted) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  wanted.unix_path.copy(name.sun_path, sizeof name.sun_path - 1);
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  UniqueFd socket = bind_socket(address, sizeof name);
  if (!socket && errno == EADDRINUSE) {
    if (!is_stale_socket(name)) {
      fail_to_listen(wanted, EADDRINUSE);
    }
    ::unlink(wanted.unix_path.c_str());
    socket = bind_socket(address, sizeof name);
  }
  if (!socket) {
    fail_to_listen(wanted, errno);
  }
  return socket;
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &length);
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port
                                          : reinterpret_cast<sockaddr_in&>(name).sin_port);
}

int option(int socket, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

// Where a socket listens that somebody else has opened. Throws where it is none that takes streams of bytes.
Address address_of(int socket) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  const auto refuse = [&](const std::string& why) {
    throw Exception(Code::failed_precondition, "listen on descriptor " + std::to_string(socket) + ": " + why);
  };
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    refuse(errno_text(errno));
  }
  if (option(socket, SO_TYPE) != SOCK_STREAM || option(socket, SO_ACCEPTCONN) != 1) {
    refuse("it is no stream socket that listens");
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  Address address;
  switch (name.ss_family) {
    case AF_INET:
      address.host = ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in&>(name).sin_addr, text.data(), text.size());
      break;
    case AF_INET6:
      address.host = ::inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6&>(name).sin6_addr, text.data(), text.size());
      break;
    case AF_UNIX: {
      const auto& path = reinterpret_cast<sockaddr_un&>(name).sun_path;
      const std::size_t offset = offsetof(sockaddr_un, sun_path);
      address.unix_path.assign(path, length > offset ? ::strnlen(path + 1, length - offset - 1) + 1 : 0);
      if (address.unix_path.empty() || address.unix_path.front() == '\0') {
        address.unix_path.replace(0, 1, "@");  // abstract or without a name: as unix(7) and systemd write it
      }
      return address;
    }
    default:
      refuse("it is neither TCP nor a Unix socket");
  }
  address.port = bound_port(socket);
  return address;
}

http::Peer peer_of(const sockaddr_storage& name, bool secure) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  http::Peer peer{.address = "unix", .port = 0, .secure = secure};
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    peer.address = ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.port = ntohs(v4.sin_port);
  } else if (name.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
    // An IPv4 client of a dual-stack socket is written as what it is.
    peer.address = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)
                       ? ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text.data(), text.size())
                       : ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    peer.port = ntohs(v6.sin6_port);
  }
  return peer;
}

// Small answers leave at once. A peer that has vanished without a word is noticed within three minutes, also where
// nothing is to be sent or timed out: a stream may be silent for hours. What the system does not know stays as it is.
void configure(int socket) noexcept {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 30);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

void take(Loop& loop, const Listener& listener, UniqueFd socket, const sockaddr_storage& name) noexcept {
  const bool secure = listener.certificates != nullptr;
  try {
    if (name.ss_family != AF_UNIX) {
      configure(socket.get());
    }
    loop.accepted(std::move(socket), peer_of(name, secure), secure ? listener.certificates->context() : nullptr);
  } catch (const std::exception& problem) {
    loop.report("connection refused", problem);
  }
}

}  // namespace

Listener Listener::open(const Address& wanted, const CertificateStore* certificates) {
  Listener listener;
  listener.socket = wanted.is_unix() ? open_unix(wanted) : open_tcp(wanted);
  listener.address = wanted;
  listener.certificates = certificates;
  if (!wanted.is_unix()) {
    listener.address.port = bound_port(listener.socket.get());
  }
  return listener;
}

Listener Listener::adopt(UniqueFd socket, const CertificateStore* certificates) {
  Listener listener;
  listener.address = address_of(socket.get());
  listener.certificates = certificates;
  listener.is_adopted = true;
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) {
    fail_to_listen(listener.address, errno);
  }
  listener.socket = std::move(socket);
  return listener;
}

void Listener::close() noexcept {
  // The file goes first: once the socket is closed, another process may have put its own there.
  if (socket && address.is_unix() && !is_adopted) {
    ::unlink(address.unix_path.c_str());
  }
  socket.reset();
}

AcceptSource::AcceptSource(Loop& loop, const Listener& listener) : loop_(loop), listener_(listener) {
  watch();
}

AcceptSource::~AcceptSource() {
  loop_.forget(listener_.socket.get());
  loop_.count_paused(paused_ ? -1 : 0);
}

void AcceptSource::watch() {
  loop_.add(*this, listener_.socket.get(), EPOLLIN | EPOLLEXCLUSIVE);
}

void AcceptSource::pause() {
  loop_.forget(listener_.socket.get());
  paused_ = true;
  loop_.count_paused(1);
  loop_.wheel().schedule(*this, loop_.now() + kPause);
}

void AcceptSource::on_timeout() {
  paused_ = false;
  loop_.count_paused(-1);
  try {
    watch();
  } catch (const Exception& problem) {
    loop_.report("cannot take connections for a moment", problem);
    pause();
  }
}

AcceptSource::Accepted AcceptSource::accept_one() {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  UniqueFd socket(
      ::accept4(listener_.socket.get(), reinterpret_cast<sockaddr*>(&name), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    take(loop_, listener_, std::move(socket), name);
    return Accepted::one;
  }
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    loop_.report("cannot take connections for a moment", Exception(Code::resource_exhausted, errno_text(errno)));
    return Accepted::no_resources;
  }
  return Accepted::none;  // nothing left, or a connection that has gone already
}

void AcceptSource::on_event(std::uint32_t /*events*/) {
  auto accepted = Accepted::one;
  for (int i = 0; i < kAcceptsPerEvent && accepted == Accepted::one; ++i) {
    accepted = accept_one();
  }
  if (accepted == Accepted::no_resources) {
    pause();
  }
}

void AcceptSource::take_waiting() {
  for (int i = 0; i < kAcceptsAtEnd && !listener_.is_adopted && accept_one() == Accepted::one; ++i) {
  }
}

}  // namespace mcdsl::net
