#include "mcdsl/net/internal/http1.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace mcdsl::net {
namespace {

constexpr std::size_t kLongestChunkLine = 1024;  // with its extensions; or what stands around a trailer field

constexpr std::string_view kTookTooLong = "the request took too long";

constexpr std::size_t kCopyLimit = std::size_t{16} << 10U;  // longer bodies are moved to the output, not copied

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

std::string chunk_header(std::size_t size) {
  std::array<char, 18> digits{};
  return std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr) + "\r\n";
}

// With the fields behind the body (RFC 9112 §7.1.2).
std::string last_chunk(const http::Headers& trailers) {
  std::string out = "0\r\n";
  for (const auto field : trailers) {
    if (is_trailer_field(field.name)) {
      out.append(field.name).append(": ").append(field.value).append("\r\n");
    }
  }
  return out + "\r\n";
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

ChunkedDecoder Http1::new_decoder() const {
  return ChunkedDecoder(TrailerReader(options_.max_header_bytes, options_.max_header_fields));
}

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
        taken = receives_ ? read_streamed_body(rest) : 0;
        break;
      case Phase::answer:
        return consumed;
      case Phase::finished:
        return bytes.size();
    }
    if (taken == 0 && phase_ != Phase::finished) {
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
  const http::BodyPlan plan = exchange_->plan = application_.plan(request);
  const bool has_body = framing_.chunked || framing_.content_length > 0;
  max_body_bytes_ = plan.max_bytes.value_or(options_.max_body_bytes);
  if (!has_body) {
    submit();
  } else if (!plan.wants_body) {
    body_unread_ = true;
    submit();
  } else if (!framing_.chunked && framing_.content_length > max_body_bytes_) {
    refuse_length();
  } else {
    begin_body(plan.streams);
  }
}

void Http1::begin_body(bool streams) {
  chunked_ = new_decoder();
  if (framing_.expects_continue) {
    host_.send(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  if (!streams) {
    phase_ = Phase::body;
    return;
  }
  receives_ = true;
  exchange_->request_body = host_.make_pipe(*exchange_);
  exchange_->request.set_body_reader(exchange_->request_body.get());
  submit();
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
    received_ = body.size();
    if (received_ == framing_.content_length) {
      submit();
    }
    return piece.size();
  }
  const auto progress = chunked_.decode(bytes, max_body_bytes_, body);
  received_ = body.size();
  if (progress.refusal && progress.refusal->status == 413) {
    refuse_length();
  } else if (progress.refusal) {
    refuse(*progress.refusal);
  } else if (progress.done) {
    exchange_->request.mutable_trailers() = chunked_.take_trailers();
    submit();
  }
  return progress.consumed;
}

// The application answers, in its own way.
void Http1::refuse_length() {
  counters_.note(Limit::max_body_bytes);
  exchange_->request.set_refusal({413, "request body too large"});
  body_unread_ = true;
  submit();
}

// As far as the handler has room for it.
std::size_t Http1::read_streamed_body(std::string_view bytes) {
  BodyPipe& pipe = *exchange_->request_body;
  const std::size_t room = pipe.room();
  if (room == 0) {
    return 0;
  }
  if (!framing_.chunked) {
    const auto piece = bytes.substr(0, std::min<std::uint64_t>(room, framing_.content_length - received_));
    pipe.push(piece);
    received_ += piece.size();
    if (received_ == framing_.content_length) {
      receives_ = false;
      pipe.end();
    }
    return piece.size();
  }
  std::string data;
  // A line of the framing may need more than the room for data.
  const auto window = bytes.substr(0, std::max(room, options_.max_header_bytes + kLongestChunkLine));
  const auto progress = chunked_.decode(window, max_body_bytes_ - received_, data);
  pipe.push(data);
  received_ += data.size();
  if (progress.refusal) {
    refuse_body(*progress.refusal, progress.refusal->status == 413 ? Code::resource_exhausted : Code::invalid_argument);
  } else if (progress.done) {
    receives_ = false;
    pipe.end();
  }
  return progress.consumed;
}

void Http1::submit() {
  phase_ = Phase::handler;
  handler_done_ = false;
  host_.submit(*exchange_);
}

// The handler finds out, and whatever it answers, the client gets this.
void Http1::refuse_body(const Refusal& refusal, Code code) {
  counters_.note_refusal(refusal);
  body_refusal_ = refusal;
  body_unread_ = true;
  receives_ = false;
  exchange_->request_body->fail(Error(code, std::string(refusal.text)).with_public_text(std::string(refusal.text)));
}

void Http1::on_news(Exchange& /*exchange*/, News news) {
  handler_done_ = handler_done_ || news.done;
  if (phase_ == Phase::handler && (news.has_head || news.done)) {
    begin_answer();
  } else if (phase_ == Phase::answer) {
    pump();
  }
}

void Http1::begin_answer() {
  phase_ = Phase::answer;
  body_unread_ = body_unread_ || receives_;
  keep_alive_ = framing_.keep_alive && !draining_ && !body_unread_;
  http::Response& response = exchange_->response;
  if (body_refusal_ && handler_done_) {
    response = http::error(body_refusal_->status, body_refusal_->text);
  }
  write_response(response);
  pump();
}

// Sends what there is of the body, as far as the peer keeps up.
void Http1::pump() {
  while (phase_ == Phase::answer && source_) {
    const std::size_t room = host_.output_room();
    if (room == 0) {
      return;
    }
    std::string piece;
    const auto status = source_->pull(room, piece);
    if (status == BodySource::Status::failed) {
      return cut_answer();
    }
    if (chunks_answer_ && !piece.empty()) {
      host_.send(chunk_header(piece.size()));
      host_.send(std::move(piece));
      host_.send(std::string_view("\r\n"));
    } else {
      host_.send(std::move(piece));
    }
    if (status == BodySource::Status::waiting) {
      return;
    }
    if (status == BodySource::Status::done) {
      source_.reset();
      if (chunks_answer_) {
        host_.send(last_chunk(exchange_->response.trailers));
      }
    }
  }
  if (phase_ == Phase::answer && handler_done_) {
    end_answer();
  }
}

void Http1::end_answer() {
  exchange_->response = {};
  exchange_->response_body.reset();
  exchange_->stop = std::stop_source(std::nostopstate);
  if (exchange_->request.body().size() > kCopyLimit || exchange_->request_body) {
    exchange_.reset();  // an idle connection does not keep a large body's memory
  }
  if (!keep_alive_) {
    finish(body_unread_);
    return;
  }
  phase_ = Phase::head;
  head_begun_ = false;
  is_head_ = false;
  received_ = 0;
  scanner_ = {};
}

// The end that was promised will not come: the peer must see that from how the connection ends.
void Http1::cut_answer() {
  source_.reset();
  if (!handler_done_) {
    host_.abandon(std::move(exchange_));
  }
  finish(false);
}

void Http1::refuse(const Refusal& refusal) {
  counters_.note_refusal(refusal);
  http::Response response = http::error(refusal.status, refusal.text);
  keep_alive_ = false;
  write_response(response);
  finish(true);
}

void Http1::write_response(http::Response& response) {
  if (response.status < 200 || response.status > 999) {
    // Not a final status (RFC 9110 §15): the client would go on waiting for one.
    response =
        http::error(Error(Code::internal, "the handler answered with status " + std::to_string(response.status)));
  }
  const bool bodiless = has_no_body(response.status);
  std::optional<std::uint64_t> length = response.body.size();
  if (response.stream) {
    length = response.stream->length;
  } else if (response.file) {
    length = response.file->length;
  }
  chunks_answer_ = !length && !framing_.is_http_1_0;
  keep_alive_ = keep_alive_ && (length || chunks_answer_ || bodiless);  // else the end of the connection is its end
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
  if (!bodiless && length) {
    out.append("content-length: ");
    append_number(out, *length);
    out.append("\r\n");
  } else if (!bodiless && chunks_answer_) {
    out.append("transfer-encoding: chunked\r\n");
  }
  if (!keep_alive_) {
    out.append("connection: close\r\n");
  } else if (framing_.is_http_1_0) {
    out.append("connection: keep-alive\r\n");  // what a 1.0 client waits for (RFC 9112 §9.3, appendix C.2.2)
  }
  out.append("\r\n");
  const bool has_body = !bodiless && !is_head_;
  if (has_body && (response.stream || response.file)) {
    host_.send(std::move(out));
    if (response.stream) {
      source_.emplace(exchange_->response_body.get(), length);
    } else if (!host_.send_file(*response.file)) {
      source_.emplace(*std::move(response.file));
    }
    return;
  }
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
      counters_.note(head_begun_ ? Limit::header_timeout : Limit::idle_timeout);
      if (head_begun_) {
        refuse({408, "request header took too long"});
      } else {
        finish(false);
      }
      return;
    case Phase::body:
      counters_.note(Limit::read_timeout);
      refuse({408, "request body took too long"});
      return;
    case Phase::handler:
      counters_.note(receives_ ? Limit::read_timeout : Limit::handler_timeout);
      if (receives_) {
        refuse_body({408, "request body took too long"}, Code::deadline_exceeded);
        return;
      }
      phase_ = Phase::finished;
      host_.abandon(std::move(exchange_));  // it is the handler's
      refuse({503, kTookTooLong});
      return;
    case Phase::answer:
      counters_.note(handler_done_ ? Limit::write_timeout : Limit::handler_timeout);
      cut_answer();
      return;
    case Phase::finished:
      return;
  }
}

// Where the answer has begun, its handler ends it: it sees that its time is over.
void Http1::on_deadline(Exchange& exchange) {
  if (phase_ != Phase::handler) {
    if (exchange.request_body) {
      exchange.request_body->fail(Error(Code::deadline_exceeded, "the time for the call is over"));
    }
    return;
  }
  http::Response response =
      exchange.plan.timed_out != nullptr ? exchange.plan.timed_out() : http::error(503, kTookTooLong);
  phase_ = Phase::finished;
  host_.abandon(std::move(exchange_));  // it is the handler's
  keep_alive_ = false;
  write_response(response);
  finish(true);
}

void Http1::on_input_ended() noexcept {
  if ((phase_ == Phase::handler || phase_ == Phase::answer) && !handler_done_) {
    exchange_->stop.request_stop();
  }
}

void Http1::drain() {
  draining_ = true;
  if (phase_ == Phase::head && !head_begun_) {
    finish(false);
  }
}

void Http1::on_closed() noexcept {
  if ((phase_ == Phase::handler || phase_ == Phase::answer) && !handler_done_) {
    host_.abandon(std::move(exchange_));
  }
  phase_ = Phase::finished;
}

bool Http1::takes_input() const {
  switch (phase_) {
    case Phase::head:
    case Phase::body:
    case Phase::finished:
      return true;
    case Phase::handler:
      return receives_ && exchange_->request_body->room() > 0;
    case Phase::answer:
      break;
  }
  return false;
}

Waiting Http1::for_handler() const {
  return exchange_->has_own_time() ? Waiting::for_call : Waiting::for_handler;
}

Waiting Http1::waiting() const {
  switch (phase_) {
    case Phase::head:
      return head_begun_ ? Waiting::for_head : Waiting::for_request;
    case Phase::body:
      return Waiting::for_body;
    case Phase::handler:
      return takes_input() && !exchange_->has_own_time_for_body() ? Waiting::for_body : for_handler();
    case Phase::answer:
      return handler_done_ ? Waiting::for_nothing : for_handler();
    case Phase::finished:
      break;
  }
  return Waiting::for_nothing;
}

}  // namespace mcdsl::net
