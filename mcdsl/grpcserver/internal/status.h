#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {

/// The error as a serialised google.rpc.Status: the value of `grpc-status-details-bin` before base64. Its message is
/// the public text, and nothing of the operator's is in it.
[[nodiscard]] std::string status_details(const Error& error);

/// What Connect answers a unary call with; differs from `mcdsl::http_status` where the protocol fixes another one.
[[nodiscard]] int connect_http_status(Code code);

/// "canceled", "invalid_argument": the names of the Connect protocol.
[[nodiscard]] std::string_view connect_code_name(Code code);
[[nodiscard]] std::optional<Code> code_of_connect_name(std::string_view name);

/// What an HTTP status means where a proxy answered in the place of an RPC server: gRPC and Connect share the table. By
/// it, 200 without a status of the protocol's own is `unknown` as well.
[[nodiscard]] Code code_of_http(int status);

}  // namespace mcdsl::grpcserver
