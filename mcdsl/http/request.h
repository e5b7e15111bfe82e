#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "mcdsl/base/result.h"
#include "mcdsl/http/body.h"
#include "mcdsl/http/headers.h"
#include "mcdsl/http/method.h"

namespace mcdsl::http {

class Request;
struct Response;

/// A function from request to response, called from several threads at once. It may block; it may throw (recover.h says
/// what becomes of that).
using Handler = std::function<Response(Request&)>;

/// The other end of a connection.
struct Peer {
  std::string address;      ///< numeric IP address without port ("192.0.2.7", "2001:db8::1"), "unix" for a Unix socket
  std::uint16_t port = 0;   ///< 0 for a Unix socket
  bool secure = false;      ///< over TLS
  bool is_proxied = false;  ///< a trusted proxy named it before the connection's own bytes (PROXY protocol)
};

/// An answer that needs no handler: its status, and a text that is fit for the client and outlives the request.
struct Refusal {
  int status;
  std::string_view text;
};

/// One request as a handler sees it: a whole message that owns its text.
///
/// Threads: belongs to the thread that handles it. Lifetime: good until the handler returns; keep copies, not views.
class Request {
 public:
  [[nodiscard]] Method method() const noexcept { return method_; }

  /// The path as it came, still percent-encoded, without the query; always starts with '/' (or is "*" for OPTIONS).
  [[nodiscard]] std::string_view path() const noexcept;

  /// What stands behind '?', still encoded; empty where there is none.
  [[nodiscard]] std::string_view query() const noexcept;

  [[nodiscard]] const Headers& headers() const noexcept { return headers_; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers_.get(name);
  }
  /// The whole body; empty on a route with `stream_body`.
  [[nodiscard]] std::string_view body() const noexcept { return body_; }

  /// The next bytes of the body and how many they are; 0 at its end. On a route with `stream_body` this waits for them;
  /// errors are BodyReader's, and a handler gives them back: the server then answers as the fault deserves (408, 413).
  [[nodiscard]] Result<std::size_t> read_body(std::span<char> into);
  /// The fields behind the body (RFC 9110 §6.5), where the body is whole. Never merged into `headers`, and without
  /// those that may not stand there (§6.5.1): Host, Content-Length, Authorization and their like.
  [[nodiscard]] const Headers& trailers() const noexcept { return trailers_; }
  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }

  /// Stopped when nobody waits for the answer any more: the client has gone, or the time for it is over. Only where the
  /// application's plan asked for it; otherwise it never is. Callbacks on it run on the event loop: they must not
  /// block.
  [[nodiscard]] const std::stop_token& stop_token() const noexcept { return stop_token_; }

  /// The part of the path that stood at `{name}` (or, as "*", at the wildcard), percent-decoded.
  /// Throws Exception (internal) when the route has no such parameter: a mistake in the handler.
  [[nodiscard]] const std::string& param(std::string_view name) const;

  /// The first value of a query parameter, decoded as a form is ('+' is a space). nullopt where there is none.
  /// Errors: invalid_argument where its escapes are malformed or it is not UTF-8.
  [[nodiscard]] Result<std::optional<std::string>> query_param(std::string_view name) const;

  /// The same as an integer within [low, high]; `fallback` where there is none. Errors: invalid_argument.
  [[nodiscard]] Result<std::int64_t> query_number(std::string_view name, std::int64_t fallback, std::int64_t low,
                                                  std::int64_t high) const;

  /// The pattern that matched ("/v1/documents/{slug}"); empty where none did. Good as a label: it is never the
  /// client's.
  [[nodiscard]] std::string_view route() const noexcept { return route_; }

  /// The token of `Authorization: Bearer` (RFC 6750 §2.1); nullopt without one, or with several such fields. Never log
  /// it.
  [[nodiscard]] std::optional<std::string_view> bearer_token() const noexcept;

  /// What a middleware found out and leaves for those behind it, one value per type. Null where nobody did.
  template <class T>
  [[nodiscard]] const T* get() const noexcept {
    for (const auto& [type, value] : attributes_) {
      if (type == typeid(T)) {
        return static_cast<const T*>(value.get());
      }
    }
    return nullptr;
  }
  template <class T>
  void set(std::shared_ptr<const T> value) {
    std::erase_if(attributes_, [](const auto& attribute) { return attribute.first == typeid(T); });
    attributes_.emplace_back(typeid(T), std::move(value));
  }
  template <class T>
  void set(T value) {
    set(std::make_shared<const T>(std::move(value)));
  }

  // For whoever builds a request: a protocol, a router, a test.
  /// `target` in origin form (RFC 9112 §3.2.1) or "*". Forgets everything of an earlier request.
  void start(Method method, std::string_view target);
  [[nodiscard]] Headers& mutable_headers() noexcept { return headers_; }
  [[nodiscard]] std::string& mutable_body() noexcept { return body_; }
  [[nodiscard]] Headers& mutable_trailers() noexcept { return trailers_; }
  /// Where `read_body` reads; null for the body that is here. Lifetime: outlives the handler.
  void set_body_reader(BodyReader* reader) noexcept { body_reader_ = reader; }
  [[nodiscard]] BodyReader* body_reader() const noexcept { return body_reader_; }
  void set_peer(Peer peer) { peer_ = std::move(peer); }
  void set_stop_token(std::stop_token token) noexcept { stop_token_ = std::move(token); }
  void set_route(std::string_view pattern) { route_ = pattern; }

  /// The request has a good head but cannot reach its handler (its body is too large, no route matches): the
  /// application answers with this, through its middleware as ever.
  void set_refusal(Refusal refusal) noexcept { refusal_ = refusal; }
  [[nodiscard]] const std::optional<Refusal>& refusal() const noexcept { return refusal_; }

  void add_param(std::string_view name, std::string value) { params_.emplace_back(name, std::move(value)); }
  /// What a router's `plan` chose and its `serve` will call; null where none did. In the router, as the route is.
  void set_handler(const Handler* handler) noexcept { handler_ = handler; }
  [[nodiscard]] const Handler* handler() const noexcept { return handler_; }

 private:
  Method method_ = Method::get;
  std::string target_;
  std::size_t path_size_ = 0;
  Headers headers_;
  Headers trailers_;
  std::string body_;
  std::size_t read_from_body_ = 0;
  BodyReader* body_reader_ = nullptr;
  Peer peer_;
  std::stop_token stop_token_;
  std::optional<Refusal> refusal_;
  std::string_view route_;                                        // in the router, which outlives the request
  std::vector<std::pair<std::string_view, std::string>> params_;  // names in the router
  const Handler* handler_ = nullptr;
  std::vector<std::pair<std::type_index, std::shared_ptr<const void>>> attributes_;
};

/// Percent-decodes (RFC 3986 §2.1). With `plus_is_space`, as forms do (WHATWG URL §5.1).
/// nullopt for a malformed escape, NUL, or a result that is not UTF-8.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Percent-encodes everything but the unreserved characters (RFC 3986 §2.3): for one path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace mcdsl::http
