#pragma once

#include <functional>

#include "mcdsl/auth/access.h"
#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/log.h"
#include "mcdsl/grpcserver/method.h"
#include "mcdsl/metrics/registry.h"

namespace mcdsl::grpcserver {

/// A call on its way to its handler.
struct Call {
  const google::protobuf::MethodDescriptor* method;  ///< null for a method that there is not
  const auth::Access& access;                        ///< who may make it
  Context& context;
  MessageReader& reader;
  MessageWriter& writer;
};

using CallHandler = std::function<Result<void>(Call&)>;

/// What stands around a method, as a middleware around a route: takes the next one in and gives one that calls it, or
/// does not. Called once for each method when the dispatcher is made; what it gives is called for each call, of every
/// kind and protocol, from several threads at once.
using Interceptor = std::function<CallHandler(CallHandler next)>;

/// Makes an exception an error: of its own code where that is unavailable, resource_exhausted or deadline_exceeded,
/// else `internal`. What it says is for the log; the client sees the code's general sentence.
[[nodiscard]] Interceptor recover();

/// One line for each call when it has ended: method, code, duration, client, ids, user, and the whole error where there
/// is one. Never a message or metadata.
[[nodiscard]] Interceptor access_log(log::Logger logger, const Clock& clock = system_clock());

/// `rpc_calls_total{method,code}`, `rpc_call_duration_seconds{method}` and `rpc_calls_in_flight`. Lifetime: `registry`
/// outlives the dispatcher.
[[nodiscard]] Interceptor call_metrics(metrics::Registry& registry, const Clock& clock = system_clock());

/// Lets through whom the call's rule admits. Without a verifier nobody is told by a token, and only `open` methods
/// answer. Errors: unauthenticated, permission_denied, unavailable (nobody can tell who calls).
[[nodiscard]] Interceptor authenticate(const auth::TokenVerifier* verifier);

/// Calls `check` for each message of the caller before the handler sees it. What it gives is the call's error.
[[nodiscard]] Interceptor validate(std::function<Result<void>(const google::protobuf::Message&)> check);

}  // namespace mcdsl::grpcserver
