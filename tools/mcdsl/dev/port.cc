#include "tools/mcdsl/dev/port.h"

#include <cerrno>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

#include "mcdsl/base/error.h"

namespace mcdsl::tool {

std::optional<Port> Port::take(std::uint16_t wanted) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(wanted);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE) {
      return std::nullopt;
    }
    throw Exception(Code::unavailable, "take port " + std::to_string(wanted) + ": " + errno_text(errno));
  }
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return Port(std::move(socket), ntohs(address.sin_port));
}

}  // namespace mcdsl::tool
