#pragma once

#include <string>

#include "mcdsl/grpcserver/internal/wire.h"

namespace mcdsl::grpcserver {

/// A call of the Connect protocol whose message stands in the query ("Unary-Get-Request").
struct ConnectGet {
  MessageFormat format;
  std::string message;
};

/// Errors, visible: invalid_argument for what is missing or malformed, unimplemented for a packing that is not known.
[[nodiscard]] Result<ConnectGet> read_connect_get(const http::Request& request, MessageLimits limits);

}  // namespace mcdsl::grpcserver
