#pragma once

#include <vector>

#include "mcdsl/http/application.h"
#include "mcdsl/http/cidr.h"

namespace mcdsl::http {

struct ClientAddressOptions {
  std::vector<Cidr> trusted_proxies{};
  bool trust_unix_peers = false;  ///< whoever may open the Unix socket that the server listens at
};

/// Behind a proxy: gives the request the address, scheme and host that the client used, as the proxy tells them.
///
/// Only a peer that is trusted is believed. The client is the last address in X-Forwarded-For that is not a trusted
/// proxy itself: each proxy appends whom it got the request from, and what stands before that is hearsay. X-Real-IP is
/// taken where there is no X-Forwarded-For. The connection counts as secure where X-Forwarded-Proto says "https" for
/// each hop. The last element of X-Forwarded-Host replaces Host. What is malformed is passed over.
///
/// All these fields, and Forwarded (RFC 7239), are gone behind this middleware, whoever sent them. It stands outermost,
/// so that the log and the rate limit see the client. The proxy must set or remove each of these fields.
[[nodiscard]] Middleware client_address(ClientAddressOptions options);

}  // namespace mcdsl::http
