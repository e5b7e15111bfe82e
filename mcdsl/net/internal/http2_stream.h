#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/net/internal/body_source.h"
#include "mcdsl/net/internal/http2.h"
#include "mcdsl/net/internal/trailer_fields.h"

namespace mcdsl::net {

/// One request and its answer.
struct Http2::Stream {
  std::int32_t id = 0;
  std::unique_ptr<Exchange> exchange;

  // The head as it comes.
  std::string method;
  std::string path;
  std::string authority;
  std::string cookies;
  std::size_t head_bytes = 0;
  std::size_t head_fields = 0;
  bool has_head = false;
  std::optional<Refusal> refusal;  // whatever the handler says

  // The body.
  bool receives = false;  // more of it is to come
  Clock::SteadyTime body_since{};
  std::size_t max_body_bytes = 0;
  std::uint64_t received = 0;
  std::size_t unconsumed = 0;  // of it, in the pipe
  std::optional<TrailerReader> trailers;

  bool handler_runs = false;
  Clock::SteadyTime handler_since{};
  bool answers = false;
  Clock::SteadyTime answer_since{};
  std::uint64_t given = 0;           // of the answer's body, to be sent
  std::optional<BodySource> source;  // of the answer's body
  std::size_t sent = 0;              // of a body that is whole
  std::string piece;
  std::array<char, 20> status_text{};
  std::array<char, 20> length_text{};

  void take_field(std::string_view name, std::string_view value) {
    if (name == "cookie") {  // may come in crumbs (RFC 9113 §8.2.3)
      cookies.append(cookies.empty() ? "" : "; ").append(value);
    } else if (!exchange->request.mutable_headers().try_add(name, value)) {
      refusal = Refusal{400, "invalid character in header value"};
    }
  }

  void end_fields() {
    if (!cookies.empty()) {
      exchange->request.mutable_headers().add("cookie", cookies);
    }
  }

  static std::string_view write_number(std::array<char, 20>& into, std::uint64_t number) {
    return {into.data(), std::to_chars(into.data(), into.data() + into.size(), number).ptr};
  }

  // One that held much would keep it.
  [[nodiscard]] bool can_be_used_again() const {
    return exchange && !exchange->request_body && !exchange->response_body &&
           exchange->request.body().size() < 16'384 && piece.capacity() <= 65'536;
  }

  void reset() {
    exchange->response = {};
    exchange->stop = std::stop_source(std::nostopstate);
    method.clear();
    path.clear();
    authority.clear();
    cookies.clear();
    piece.clear();
    source.reset();
    refusal.reset();
    trailers.reset();
    head_bytes = head_fields = sent = unconsumed = 0;
    received = given = 0;
    has_head = receives = handler_runs = answers = false;
  }
};

}  // namespace mcdsl::net
