#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "mcdsl/auth/caller.h"
#include "mcdsl/base/clock.h"
#include "mcdsl/base/result.h"
#include "mcdsl/http/request.h"

namespace mcdsl::grpcserver {

/// One call as its handler sees it, beside the messages: who calls, until when, and the metadata of both directions.
///
/// Metadata are HTTP fields: names in lower case, values of visible ASCII and spaces. The value of a name that ends in
/// "-bin" may be any bytes; it is base64 on the wire, which this class hides. Names of HTTP and of the protocols
/// (`grpc-…`, `content-type`) are not metadata.
///
/// Threads: belongs to the thread that handles the call, but for `stop_token` and `deadline`, which are for any.
/// Lifetime: ends with the call.
class Context {
 public:
  Context(http::Request& request, std::string_view method, std::optional<Clock::SteadyTime> deadline,
          const Clock& clock = system_clock())
      : request_(request), method_(method), deadline_(deadline), clock_(clock) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// "mcq.v1.DocumentService/GetDocument".
  [[nodiscard]] std::string_view method() const noexcept { return method_; }

  /// Who calls. Throws Exception (internal) where the method's rule is `open` and nobody said who they are: a mistake
  /// in the handler.
  [[nodiscard]] const auth::Caller& caller() const;
  /// The same; null where there is none.
  [[nodiscard]] const auth::Caller* find_caller() const noexcept;

  /// The other end of the connection, or who a trusted proxy says it is.
  [[nodiscard]] const http::Peer& peer() const noexcept { return request_.peer(); }
  /// What the log knows this call by; empty where the server gives none.
  [[nodiscard]] std::string_view request_id() const noexcept;

  /// The token of `authorization: Bearer` (RFC 6750 §2.1), for handlers that pass it on or revoke it. Never log it.
  [[nodiscard]] std::optional<std::string_view> bearer_token() const noexcept { return request_.bearer_token(); }

  /// When the caller stops waiting; nullopt where it said nothing and the server has no default.
  [[nodiscard]] std::optional<Clock::SteadyTime> deadline() const noexcept { return deadline_; }
  /// How long the caller still waits, zero when that is over: what calls to other services take as their timeout. Very
  /// long where there is no deadline.
  [[nodiscard]] std::chrono::nanoseconds time_left() const noexcept;
  /// Stopped when nobody waits for the answer any more: cancelled, disconnected, past its deadline. Long work looks at
  /// it, waits wait with it. Callbacks on it run on the event loop: they must not block.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return request_.stop_token(); }

  /// Whether somebody still waits for the answer: what a handler with long work asks now and then. Errors: cancelled,
  /// deadline_exceeded.
  [[nodiscard]] Result<void> still_wanted() const;

  /// The caller's metadata by name: the first value. Errors: invalid_argument where a "-bin" value is no base64.
  [[nodiscard]] Result<std::optional<std::string>> metadata(std::string_view name) const;
  /// All fields of the request, as they came.
  [[nodiscard]] const http::Headers& headers() const noexcept { return request_.headers(); }
  /// The request of HTTP that the call is. Its body is the protocol's to read.
  [[nodiscard]] const http::Request& request() const noexcept { return request_; }

  /// Metadata for the caller, before the first message (headers) or behind the last (trailers). Headers that are added
  /// after the first message are lost. Throws Exception (internal) for a reserved name or a value that cannot be sent.
  void add_header(std::string_view name, std::string_view value) const;
  void add_trailer(std::string_view name, std::string_view value) const;

  /// Whether messages of the answer from here on are sent compressed where the caller understands that; they are not
  /// otherwise. Of a stream, to be said before the first. Never for what holds a secret beside text of the caller's.
  void compress_answers(bool compress) const noexcept { compresses_answers_ = compress; }
  [[nodiscard]] bool compresses_answers() const noexcept { return compresses_answers_; }

  // For interceptors and for the protocols.
  void set_caller(std::shared_ptr<const auth::Caller> caller) noexcept { caller_ = std::move(caller); }
  [[nodiscard]] http::Request& request() noexcept { return request_; }
  [[nodiscard]] http::Headers& response_headers() noexcept { return response_headers_; }
  [[nodiscard]] http::Headers& response_trailers() noexcept { return response_trailers_; }

 private:
  http::Request& request_;
  std::string_view method_;
  std::optional<Clock::SteadyTime> deadline_;
  const Clock& clock_;
  std::shared_ptr<const auth::Caller> caller_;
  // A handler describes its answer through a const Context: that is no change of the call.
  mutable http::Headers response_headers_;
  mutable http::Headers response_trailers_;
  mutable bool compresses_answers_ = false;
};

}  // namespace mcdsl::grpcserver
