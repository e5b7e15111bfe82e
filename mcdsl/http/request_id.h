#pragma once

#include <string>

#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// What log lines of one request have in common: an attribute that `request_id` leaves.
struct RequestId {
  std::string value;
};

struct RequestIdOptions {
  /// Take over the client's X-Request-Id if it is a token of at most 64 characters. Only where a proxy of ours sets it:
  /// anyone else could make requests look like one.
  bool accept_from_client = false;
};

/// Gives each request an id: the RequestId attribute, and X-Request-Id on the response. Ids of our own have 13
/// lower-case letters and digits, are never given twice by one middleware and start at random. They are no secrets.
[[nodiscard]] Middleware request_id(RequestIdOptions options = {});

}  // namespace mcdsl::http
