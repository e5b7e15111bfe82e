#pragma once

#include <vector>

#include "mcdsl/http/cidr.h"
#include "mcdsl/http/request.h"

namespace mcdsl::http {

/// Peers that are proxies of ours, and so are believed in what they tell of the client.
struct TrustedProxies {
  std::vector<Cidr> blocks{};
  bool unix_peers = false;  ///< whoever may open the Unix socket that the server listens at

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;

  /// The same for the other end of a connection, or for whoever such a one has named in its place.
  [[nodiscard]] bool contains(const Peer& peer) const;
};

}  // namespace mcdsl::http
