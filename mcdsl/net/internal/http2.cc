#include "mcdsl/net/internal/http2.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "mcdsl/net/internal/http1_parser.h"
#include "mcdsl/net/internal/http2_glue.h"
#include "mcdsl/net/internal/http2_stream.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kStreamWindow = BodyPipe::kCapacity;
constexpr std::int32_t kConnectionWindow = 1 << 20;
constexpr std::size_t kSpareStreams = 16;
constexpr auto kCheckInterval = 1s;  // of the times of streams, where input comes all the time

// Frames that do nothing, in so much time: no client needs as many.
constexpr int kMaxIdleFrames = 1000;
constexpr auto kIdleFramesTime = 10s;
constexpr auto kRecent = 1s;                                  // since when an answer may not have been read yet
constexpr std::size_t kMaxIdleBytes = std::size_t{1} << 20U;  // in a row that belong to no request
constexpr int kMaxRefusals = 100;                             // of heads, on one connection
constexpr std::size_t kMaxHeadTimes = 4;  // what a head may have of its limit before it is an attack, not a mistake

}  // namespace

Http2::Http2(ProtocolHost& host, const http::Application& application, const ServerOptions& options, Counters& counters)
    : host_(host), application_(application), options_(options), counters_(counters) {
  nghttp2_option* made = nullptr;
  const int result = nghttp2_option_new(&made);
  const auto settings = owned(result, made, &nghttp2_option_del);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_max_deflate_dynamic_table_size(made, 4096);
  const auto callbacks = Callbacks::make();
  nghttp2_session* session = nullptr;
  check(nghttp2_session_server_new2(&session, callbacks.get(), this, made));
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 4> entries{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(options.max_streams)},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options.max_header_bytes)},
       {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0}}};
  check(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size()));
  check(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kConnectionWindow));
}

Http2::~Http2() = default;

std::size_t Http2::on_input(std::string_view bytes) {
  if (finished_) {
    return bytes.size();
  }
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  idle_bytes_ += bytes.size();
  if (taken < 0 || idle_bytes_ > kMaxIdleBytes) {  // no memory, a flood, or no HTTP/2
    give_up();
  }
  if (host_.now() >= next_check_) {
    time_out_streams();
  }
  pump();
  return bytes.size();
}

// --- what nghttp2 tells ---------------------------------------------------------------------------------------------

Http2::Stream* Http2::find(std::int32_t id) noexcept {
  if (last_found_ == nullptr || last_found_->id != id) {  // the fields of a head come one after the other
    const auto found = streams_.find(id);
    last_found_ = found == streams_.end() ? nullptr : found->second.get();
  }
  return last_found_;
}

void Http2::begin_stream(std::int32_t id) {
  idle_bytes_ = 0;
  std::unique_ptr<Stream> stream;
  if (spare_streams_.empty()) {
    stream = std::make_unique<Stream>();
  } else {
    stream = std::move(spare_streams_.back());
    spare_streams_.pop_back();
  }
  if (!stream->exchange) {
    stream->exchange = std::make_unique<Exchange>();
  }
  stream->id = id;
  stream->exchange->stream = id;
  stream->exchange->request.start(http::Method::get, "");
  last_found_ = stream.get();
  streams_.emplace(id, std::move(stream));
  ++heads_;
}

// A few bytes may stand for much (RFC 7541 §7.3): who is far past the limit is not read to the end.
void Http2::note_field(Stream& stream, std::size_t size) {
  constexpr std::size_t kPerField = 32;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2)
  stream.head_bytes += size + kPerField;
  ++stream.head_fields;
  if (stream.head_bytes > kMaxHeadTimes * (options_.max_header_bytes + kPerField * options_.max_header_fields)) {
    give_up();
  }
}

void Http2::take_header(Stream& stream, std::string_view name, std::string_view value) {
  if (stream.refusal) {
    return;
  }
  if (stream.head_bytes > options_.max_header_bytes + stream.head_fields * 32) {
    stream.refusal = Refusal{431, "header fields too large"};
  } else if (stream.head_fields > options_.max_header_fields + 4) {
    stream.refusal = kTooManyFields;
  } else if (name == ":method") {
    stream.method.assign(value);
  } else if (name == ":path") {
    stream.path.assign(value);
  } else if (name == ":authority") {
    stream.authority.assign(value);
  } else if (!name.starts_with(':')) {
    stream.take_field(name, value);
  }
}

void Http2::take_trailer(Stream& stream, std::string_view name, std::string_view value) {
  if (!stream.receives || name.starts_with(':')) {  // nobody waits for the request's end any more
    return;
  }
  if (!stream.trailers) {
    stream.trailers.emplace(options_.max_header_bytes, options_.max_header_fields);
  }
  if (const auto refusal = stream.trailers->add(name, value)) {
    refuse_trailers(stream, *refusal);
  }
}

void Http2::refuse_trailers(Stream& stream, const Refusal& refusal) {
  if (stream.receives) {
    note_refusal();
    refuse_body(stream, refusal, Code::invalid_argument);
  }
}

// A field that no message may have (RFC 9113 §8.2.1). nghttp2 would pass over it; what two readers could read in two
// ways is refused.
void Http2::take_invalid_header(Stream& stream) {
  constexpr Refusal kInvalid{400, "invalid header field"};
  if (stream.has_head) {
    refuse_trailers(stream, kInvalid);
  } else if (!stream.refusal) {
    stream.refusal = kInvalid;
  }
}

std::optional<Refusal> Http2::read_head(Stream& stream) {
  if (stream.refusal) {
    return stream.refusal;
  }
  const auto method = http::parse_method(stream.method);
  if (!method) {
    return Refusal{501, "method not implemented"};
  }
  if (!is_origin_target(stream.path, *method) || !is_host(stream.authority)) {
    return Refusal{400, "malformed request target"};
  }
  http::Request& request = stream.exchange->request;
  http::Headers fields = std::move(request.mutable_headers());
  request.start(*method, stream.path);
  request.mutable_headers() = std::move(fields);
  if (!stream.authority.empty()) {
    request.mutable_headers().set("host", stream.authority);  // RFC 9113 §8.3.1
  } else if (request.headers().count("host") != 1 || !is_host(*request.header("host"))) {
    return Refusal{400, "missing or malformed host"};
  }
  stream.end_fields();
  request.set_peer(host_.peer());
  return std::nullopt;
}

void Http2::end_head(Stream& stream, bool has_body) {
  --heads_;
  stream.has_head = true;
  if (const auto refusal = read_head(stream)) {
    counters_.note_refusal(*refusal);
    note_refusal();
    return refuse(stream, *refusal);
  }
  http::Request& request = stream.exchange->request;
  const http::BodyPlan plan = stream.exchange->plan = application_.plan(request);
  stream.max_body_bytes = plan.max_bytes.value_or(options_.max_body_bytes);
  std::uint64_t length = 0;
  if (const auto promised = request.header("content-length")) {
    std::from_chars(promised->data(), promised->data() + promised->size(), length);  // nghttp2 has checked it
  }
  if (!has_body || !plan.wants_body) {
    submit(stream);
  } else if (length > stream.max_body_bytes) {
    counters_.note(Limit::max_body_bytes);
    request.set_refusal({413, "request body too large"});
    submit(stream);
  } else {
    begin_body(stream, plan.streams);
  }
}

void Http2::begin_body(Stream& stream, bool streams) {
  http::Request& request = stream.exchange->request;
  bodies_ += stream.exchange->has_own_time_for_body() ? 0 : 1;
  stream.receives = true;
  stream.body_since = host_.now();
  if (request.headers().has_element("expect", "100-continue")) {
    const nghttp2_nv status = field(":status", "100", false);
    check(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr));
  }
  if (streams) {
    stream.exchange->request_body = host_.make_pipe(*stream.exchange);
    request.set_body_reader(stream.exchange->request_body.get());
    submit(stream);
  }
}

void Http2::take_data(Stream& stream, std::string_view bytes) {
  received_ += bytes.size();
  idle_bytes_ = 0;
  stream.received += bytes.size();
  if (!stream.receives) {
    check(nghttp2_session_consume_stream(session_.get(), stream.id, bytes.size()));  // nobody wants it
    return;
  }
  if (stream.received > stream.max_body_bytes) {
    return refuse_body(stream, {413, "request body too large"}, Code::resource_exhausted);
  }
  if (BodyPipe* pipe = stream.exchange->request_body.get()) {
    pipe->push(bytes);
    stream.unconsumed += bytes.size();
    consume(stream);
  } else {
    stream.exchange->request.mutable_body().append(bytes);
    check(nghttp2_session_consume_stream(session_.get(), stream.id, bytes.size()));
  }
}

// Lets the peer send as much as the handler has taken out of the pipe.
void Http2::consume(Stream& stream) {
  const std::size_t in_pipe = stream.exchange->request_body->state().size;
  if (stream.unconsumed > in_pipe) {
    const std::size_t taken = stream.unconsumed - in_pipe;
    stream.unconsumed = in_pipe;
    check(nghttp2_session_consume_stream(session_.get(), stream.id, taken));
  }
}

void Http2::end_body(Stream& stream) {
  if (!stream.receives) {
    return;
  }
  end_receiving(stream);
  if (BodyPipe* pipe = stream.exchange->request_body.get()) {
    pipe->end();
  } else {
    if (stream.trailers) {
      stream.exchange->request.mutable_trailers() = stream.trailers->take();
    }
    submit(stream);
  }
}

void Http2::submit(Stream& stream) {
  stream.handler_runs = true;
  stream.handler_since = host_.now();
  ++(stream.exchange->has_own_time() ? calls_ : handlers_);
  host_.submit(*stream.exchange);
}

void Http2::end_handler(Stream& stream) noexcept {
  if (std::exchange(stream.handler_runs, false)) {
    --(stream.exchange->has_own_time() ? calls_ : handlers_);
  }
}

void Http2::end_receiving(Stream& stream) noexcept {
  if (std::exchange(stream.receives, false)) {
    bodies_ -= stream.exchange->has_own_time_for_body() ? 0 : 1;
  }
}

// Of a handler that runs too long: what it answers goes nowhere.
void Http2::give_answer_up(Stream& stream) {
  end_receiving(stream);
  end_handler(stream);
  host_.abandon(std::move(stream.exchange));
  stream.exchange = std::make_unique<Exchange>();
  stream.exchange->stream = stream.id;
}

void Http2::close_stream(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    return;
  }
  std::unique_ptr<Stream> stream = std::move(found->second);
  streams_.erase(found);
  last_end_ = host_.now();
  last_found_ = nullptr;
  heads_ -= stream->has_head ? 0 : 1;
  end_receiving(*stream);
  if (stream->handler_runs) {
    end_handler(*stream);
    host_.abandon(std::move(stream->exchange));
  }
  if (spare_streams_.size() < kSpareStreams && stream->can_be_used_again()) {
    stream->reset();
    spare_streams_.push_back(std::move(stream));
  }
}

void Http2::note_idle_frame() {
  if (host_.now() - idle_frames_since_ > kIdleFramesTime) {
    idle_frames_since_ = host_.now();
    idle_frames_ = 0;
  }
  if (++idle_frames_ > kMaxIdleFrames) {
    give_up();
  }
}

void Http2::note_refusal() {
  if (++refusals_ > kMaxRefusals) {
    give_up();
  }
}

// Of who means harm: no time is spent on reading what still comes.
void Http2::note_flood() {
  if (!std::exchange(is_hostile_, true)) {
    counters_.note(Limit::flood);
  }
}

void Http2::give_up() {
  note_flood();
  if (!std::exchange(finished_, true)) {
    go_away(NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

// --- the connection -------------------------------------------------------------------------------------------------

void Http2::go_away(std::uint32_t error) {
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  check(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, error, nullptr, 0));
}

void Http2::drain() {
  draining_ = true;
  was_idle_ = streams_.empty() && host_.now() - last_end_ >= kRecent;
  owes_goodbye_ = !streams_.empty();
  if (streams_.empty()) {
    go_away(NGHTTP2_NO_ERROR);
  } else {
    // Requests that are on their way are still taken (RFC 9113 §6.8); the answer to the ping says when they have come.
    check(nghttp2_submit_shutdown_notice(session_.get()));
    check(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr));
  }
  pump();
}

// Each stream has its own time: others on the same connection neither shorten nor prolong it.
void Http2::time_out_streams() {
  next_check_ = host_.now() + kCheckInterval;
  std::vector<std::pair<Stream*, Limit>> late;
  for (const auto& [id, stream] : streams_) {
    if (const auto limit = passed_limit(*stream)) {
      late.emplace_back(stream.get(), *limit);
    }
  }
  for (const auto& [stream, limit] : late) {
    counters_.note(limit);
    if (limit == Limit::read_timeout) {
      refuse_body(*stream, {408, "request body took too long"}, Code::deadline_exceeded);
    } else if (limit == Limit::write_timeout) {
      check(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL));
    } else {
      abandon_handler(*stream);
    }
  }
}

std::optional<Limit> Http2::passed_limit(const Stream& stream) const {
  // A peer that keeps this up is slow, not hostile.
  const auto is_late = [&](Clock::SteadyTime since, std::chrono::nanoseconds timeout, std::uint64_t moved) {
    return timeout > 0ns && host_.now() - since >= timeout + std::chrono::seconds(moved / 1024);
  };
  if (stream.receives && !stream.exchange->has_own_time_for_body()) {
    return is_late(stream.body_since, options_.read_timeout, stream.received) ? std::optional(Limit::read_timeout)
                                                                              : std::nullopt;
  }
  if (stream.exchange->has_own_time()) {
    return std::nullopt;
  }
  // Who gives us no window does not read.
  const bool is_held_back =
      stream.answers && (nghttp2_session_get_stream_remote_window_size(session_.get(), stream.id) <= 0 ||
                         nghttp2_session_get_remote_window_size(session_.get()) <= 0);
  if (is_held_back) {
    return is_late(stream.answer_since, options_.write_timeout, stream.given) ? std::optional(Limit::write_timeout)
                                                                              : std::nullopt;
  }
  return stream.handler_runs && is_late(stream.handler_since, options_.handler_timeout, 0)
             ? std::optional(Limit::handler_timeout)
             : std::nullopt;
}

void Http2::abandon_handler(Stream& stream) {
  give_answer_up(stream);
  if (stream.answers) {
    check(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR));
  } else {
    refuse(stream, {503, "the request took too long"});
  }
}

void Http2::on_timeout() {
  switch (waiting()) {
    case Waiting::for_handler:
    case Waiting::for_body:
      time_out_streams();
      break;
    case Waiting::for_call:
      break;
    case Waiting::for_head:
    case Waiting::for_request:
    case Waiting::for_nothing:
      counters_.note(waiting() == Waiting::for_head      ? Limit::header_timeout
                     : waiting() == Waiting::for_request ? Limit::idle_timeout
                                                         : Limit::write_timeout);
      go_away(NGHTTP2_NO_ERROR);
      pump();
      finished_ = true;
      break;
  }
  pump();
}

// Where the answer has begun, its handler ends it: it sees that its time is over.
void Http2::on_deadline(Exchange& exchange) {
  Stream* stream = find(static_cast<std::int32_t>(exchange.stream));
  if (stream->answers) {
    if (exchange.request_body) {
      exchange.request_body->fail(Error(Code::deadline_exceeded, "the time for the call is over"));
    }
    return;
  }
  const auto timed_out = exchange.plan.timed_out;
  give_answer_up(*stream);
  stream->exchange->response = timed_out != nullptr ? timed_out() : http::error(503, "the request took too long");
  answer(*stream);
  pump();
}

void Http2::on_closed() noexcept {
  finished_ = true;
  while (!streams_.empty()) {
    close_stream(streams_.begin()->first);
  }
}

Waiting Http2::waiting() const {
  if (finished_) {
    return Waiting::for_nothing;
  }
  if (heads_ > 0) {
    return Waiting::for_head;
  }
  if (bodies_ > 0) {
    return Waiting::for_body;
  }
  if (handlers_ > 0) {
    return Waiting::for_handler;
  }
  if (streams_.empty()) {
    return Waiting::for_request;
  }
  return calls_ > 0 ? Waiting::for_call : Waiting::for_nothing;
}

}  // namespace mcdsl::net
