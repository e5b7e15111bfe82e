#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/base/result.h"
#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/http/response.h"

namespace mcdsl::testing {

/// What a gRPC call brought back.
struct RpcOutcome {
  Result<void> status;                ///< the error as the caller sees it: code and public text
  std::vector<std::string> messages;  ///< serialised
  http::Headers headers;
  http::Headers trailers;
};

/// Calls the methods of a dispatcher in this process, as gRPC and without a socket:
///
///     testing::RpcCaller rpc(dispatcher, {{"authorization", "Bearer " + token}});
///     const auto note = rpc.unary<Note>("notes.v1.NotesService/GetNote", request);
///
/// Threads: several may call at once. Lifetime: the dispatcher outlives it.
class RpcCaller {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit RpcCaller(const grpcserver::Dispatcher& dispatcher, Fields fields = {})
      : dispatcher_(dispatcher), fields_(std::move(fields)) {}

  template <class Reply, class Request>
  [[nodiscard]] Result<Reply> unary(std::string_view method, const Request& request) const {
    const RpcOutcome outcome = call(method, {request.SerializeAsString()});
    Reply reply;
    if (!outcome.status) {
      return std::unexpected(outcome.status.error());
    }
    if (outcome.messages.size() != 1 || !reply.ParseFromString(outcome.messages[0])) {
      return fail(Code::internal, "the answer is not one message of the expected type");
    }
    return reply;
  }

  /// Any kind of call, of messages that are serialised, to "notes.v1.NotesService/GetNote".
  [[nodiscard]] RpcOutcome call(std::string_view method, const std::vector<std::string>& messages) const;

  /// A request of whatever protocol; a streamed body is whole in the response's `body`. Throws Exception (internal)
  /// where the dispatcher does not take the request for its own.
  [[nodiscard]] http::Response send(http::Method method, std::string_view target, std::string body,
                                    const Fields& fields) const;

 private:
  const grpcserver::Dispatcher& dispatcher_;
  const Fields fields_;
};

}  // namespace mcdsl::testing
