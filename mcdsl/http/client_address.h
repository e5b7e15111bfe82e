#pragma once

#include "mcdsl/http/application.h"
#include "mcdsl/http/trusted_proxies.h"

namespace mcdsl::http {

/// Behind a proxy: gives the request the address, scheme and host that the client used, as the proxy tells them.
///
/// Only a peer that is trusted is believed. The client is the last address in X-Forwarded-For that is not a trusted
/// proxy itself: each proxy appends whom it got the request from, and what stands before that is hearsay. X-Real-IP is
/// taken where there is no X-Forwarded-For. The connection counts as secure where X-Forwarded-Proto says "https" for
/// each hop. The last element of X-Forwarded-Host replaces Host. What is malformed is passed over. A proxy that told
/// the client's address before the connection's bytes (Peer::is_proxied) is believed as well, and that address is the
/// hop that stands behind those in X-Forwarded-For.
///
/// All these fields, and Forwarded (RFC 7239), are gone behind this middleware, whoever sent them. It stands outermost,
/// so that the log and the rate limit see the client. The proxy must set or remove each of these fields.
[[nodiscard]] Middleware client_address(TrustedProxies proxies);

}  // namespace mcdsl::http
