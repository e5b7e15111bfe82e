#include "mcdsl/http/trusted_proxies.h"

#include <algorithm>

namespace mcdsl::http {

bool TrustedProxies::contains(const IpAddress& address) const noexcept {
  return std::ranges::any_of(blocks, [&](const Cidr& block) { return block.contains(address); });
}

bool TrustedProxies::contains(const Peer& peer) const {
  if (peer.address == "unix") {
    return unix_peers;
  }
  const auto address = IpAddress::parse(peer.address);
  return address && contains(*address);
}

}  // namespace mcdsl::http
