#include "mcdsl/net/internal/http1.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace mcdsl::net {
namespace {

constexpr std::size_t kCopyLimit = std::size_t{16} << 10U;  // longer bodies are moved to the output, not copied

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

// What the protocol writes itself; a handler's own would frame the message twice.
bool is_framing_field(std::string_view name) {
  return name == "content-length" || name == "connection" || name == "transfer-encoding" || name == "date" ||
         name == "keep-alive";
}

// RFC 9110 §6.4.1: these never have a body.
bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

Http1::Http1(ProtocolHost& host, const http::Application& application, const ServerOptions& options, Counters& counters)
    : host_(host), application_(application), options_(options), counters_(counters) {}

std::size_t Http1::on_input(std::string_view bytes) {
  std::size_t consumed = 0;
  while (consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(consumed);
    std::size_t taken = 0;
    switch (phase_) {
      case Phase::head:
        taken = read_head(rest);
        break;
      case Phase::body:
        taken = read_body(rest);
        break;
      case Phase::handler:
        return consumed;
      case Phase::finished:
        return bytes.size();
    }
    if (taken == 0 && (phase_ == Phase::head || phase_ == Phase::body)) {
      return consumed;
    }
    consumed += taken;
  }
  return consumed;
}

std::size_t Http1::read_head(std::string_view bytes) {
  head_begun_ = true;
  // One byte more than allowed tells "too long" from "just fits".
  const std::string_view window = bytes.substr(0, options_.max_header_bytes + 1);
  const auto [length, line_refusal] = scanner_.scan(window);
  if (line_refusal) {
    refuse(*line_refusal);
    return 0;
  }
  if (!length || *length > options_.max_header_bytes) {
    if (window.size() > options_.max_header_bytes) {
      const bool in_request_line = !window.contains('\n');
      refuse(in_request_line ? Refusal{414, "request target too long"} : Refusal{431, "header fields too large"});
    }
    return 0;
  }
  if (!exchange_) {
    exchange_ = std::make_unique<Exchange>();
  }
  if (const auto refusal =
          parse_head(bytes.substr(0, *length), options_.max_header_fields, exchange_->request, framing_)) {
    refuse(*refusal);
    return 0;
  }
  begin_message();
  return *length;
}

void Http1::begin_message() {
  http::Request& request = exchange_->request;
  request.set_peer(host_.peer());
  is_head_ = request.method() == http::Method::head;
  const http::BodyPlan plan = application_.plan(request);
  const bool has_body = framing_.chunked || framing_.content_length > 0;
  max_body_bytes_ = plan.max_bytes.value_or(options_.max_body_bytes);
  if (!has_body) {
    submit();
  } else if (!plan.wants_body) {
    body_unread_ = true;
    submit();
  } else if (!framing_.chunked && framing_.content_length > max_body_bytes_) {
    request.set_refusal({413, "request body too large"});
    body_unread_ = true;
    submit();
  } else {
    chunked_ = {};
    phase_ = Phase::body;
    if (framing_.expects_continue) {
      host_.send(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
    }
  }
}

std::size_t Http1::read_body(std::string_view bytes) {
  std::string& body = exchange_->request.mutable_body();
  if (!framing_.chunked) {
    const auto piece = bytes.substr(0, framing_.content_length - body.size());
    if (body.empty()) {
      // What a peer promises is not allocated before it comes.
      body.reserve(std::min<std::uint64_t>(framing_.content_length, std::size_t{64} << 10U));
    }
    body.append(piece);
    if (body.size() == framing_.content_length) {
      submit();
    }
    return piece.size();
  }
  const auto progress = chunked_.decode(bytes, max_body_bytes_, body);
  if (progress.refusal && progress.refusal->status == 413) {
    exchange_->request.set_refusal({413, "request body too large"});
    body_unread_ = true;
    submit();
  } else if (progress.refusal) {
    refuse(*progress.refusal);
  } else if (progress.done) {
    submit();
  }
  return progress.consumed;
}

void Http1::submit() {
  phase_ = Phase::handler;
  host_.submit(*exchange_);
}

void Http1::on_answer(Exchange& exchange) {
  phase_ = Phase::finished;  // the handler has let go of the exchange, whatever happens here
  const bool keep_alive = framing_.keep_alive && !draining_ && !body_unread_;
  write_response(exchange.response, keep_alive);
  exchange.response = {};
  if (exchange.request.body().size() > kCopyLimit) {
    exchange_.reset();  // an idle connection does not keep a large body's memory
  }
  if (!keep_alive) {
    finish(body_unread_);
    return;
  }
  phase_ = Phase::head;
  head_begun_ = false;
  is_head_ = false;
  scanner_ = {};
}

void Http1::refuse(const Refusal& refusal) {
  ++counters_.malformed;
  http::Response response = http::error(refusal.status, refusal.text);
  write_response(response, false);
  finish(true);
}

void Http1::write_response(http::Response& response, bool keep_alive) {
  if (response.status < 200 || response.status > 999) {
    // Not a final status (RFC 9110 §15): the client would go on waiting for one.
    response =
        http::error(Error(Code::internal, "the handler answered with status " + std::to_string(response.status)));
  }
  std::string out;
  out.reserve(256 + std::min(response.body.size(), kCopyLimit));
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(response.status));
  out.append(" ").append(http::reason_phrase(response.status)).append("\r\n");
  for (const auto field : response.headers) {
    if (!is_framing_field(field.name)) {
      out.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  out.append("date: ").append(host_.date()).append("\r\n");
  const bool bodiless = has_no_body(response.status);
  if (!bodiless) {
    out.append("content-length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  if (!keep_alive) {
    out.append("connection: close\r\n");
  } else if (framing_.is_http_1_0) {
    out.append("connection: keep-alive\r\n");  // what a 1.0 client waits for (RFC 9112 §9.3, appendix C.2.2)
  }
  out.append("\r\n");
  const bool has_body = !bodiless && !is_head_;
  const bool copies_body = response.body.size() <= kCopyLimit;
  if (has_body && copies_body) {
    out.append(response.body);
  }
  host_.send(std::move(out));
  if (has_body && !copies_body) {
    host_.send(std::move(response.body));
  }
}

void Http1::finish(bool linger) {
  phase_ = Phase::finished;
  host_.finish(linger);
}

void Http1::on_timeout() {
  switch (phase_) {
    case Phase::head:
      if (head_begun_) {
        refuse({408, "request header took too long"});
      } else {
        finish(false);
      }
      return;
    case Phase::body:
      refuse({408, "request body took too long"});
      return;
    case Phase::handler:
      phase_ = Phase::finished;
      host_.abandon(std::move(exchange_));  // it is the handler's
      refuse({503, "the request took too long"});
      return;
    case Phase::finished:
      return;
  }
}

void Http1::drain() {
  draining_ = true;
  if (phase_ == Phase::head && !head_begun_) {
    finish(false);
  }
}

void Http1::on_closed() noexcept {
  if (phase_ == Phase::handler) {
    host_.abandon(std::move(exchange_));
  }
  phase_ = Phase::finished;
}

Waiting Http1::waiting() const {
  switch (phase_) {
    case Phase::head:
      return head_begun_ ? Waiting::for_head : Waiting::for_request;
    case Phase::body:
      return Waiting::for_body;
    case Phase::handler:
      return Waiting::for_handler;
    case Phase::finished:
      break;
  }
  return Waiting::for_nothing;
}

}  // namespace mcdsl::net
