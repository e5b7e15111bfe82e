#include "mcdsl/net/internal/http2.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "mcdsl/net/internal/http1_parser.h"
#include "mcdsl/net/internal/http2_stream.h"

namespace mcdsl::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kStreamWindow = BodyPipe::kCapacity;
constexpr std::int32_t kConnectionWindow = 1 << 20;
constexpr std::size_t kSpareStreams = 16;

// Frames that do nothing, in so much time: no client needs as many.
constexpr int kMaxIdleFrames = 1000;
constexpr auto kIdleFramesTime = 10s;
constexpr std::size_t kMaxIdleBytes = std::size_t{1} << 20U;  // in a row that belong to no request
constexpr int kMaxRefusals = 100;                             // of heads, on one connection

template <class T, class Free>
std::unique_ptr<T, Free> owned(int result, T* pointer, Free free) {
  if (result != 0) {
    throw Exception(Code::resource_exhausted, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
  return {pointer, free};
}

void check(int result) {
  if (result != 0) {
    throw Exception(Code::internal, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 takes pointers to what it does not change.
  return const_cast<std::uint8_t*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      reinterpret_cast<const std::uint8_t*>(text.data()));
}

nghttp2_nv field(std::string_view name, std::string_view value, bool stays) {
  const auto flags = static_cast<std::uint8_t>(stays ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE
                                                     : NGHTTP2_NV_FLAG_NONE);
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), flags};
}

// Fields of the connection have no place in HTTP/2 (RFC 9113 §8.2.2), the length and the date are ours.
bool is_framing_field(std::string_view name) {
  return name == "content-length" || name == "connection" || name == "transfer-encoding" || name == "date" ||
         name == "keep-alive" || name == "upgrade" || name == "proxy-connection";
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

// nghttp2's functions, which hand on to the object. What they throw would pass through C: it ends the connection.
struct Http2::Callbacks {
  template <class Work>
  static int guarded(Work work) noexcept {
    try {
      work();
      return 0;
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  static Http2& self(void* user) { return *static_cast<Http2*>(user); }

  // A head on a stream that was passed over: nghttp2 ignores it, RFC 9113 §5.1.1 wants the connection to end. A stream
  // that has been closed for so long that nghttp2 forgot it is no place for one either.
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* /*user*/) {
    return guarded([&] {
      if (head->type == NGHTTP2_HEADERS && head->stream_id < nghttp2_session_get_last_proc_stream_id(session) &&
          nghttp2_session_find_stream(session, head->stream_id) == nullptr) {
        check(nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR));
      }
    });
  }

  static int on_begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        self(user).begin_stream(frame->hd.stream_id);
      }
    });
  }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/,
                       void* user) {
    return guarded([&] {
      if (Stream* stream = self(user).find(frame->hd.stream_id)) {
        if (stream->has_head) {
          self(user).take_trailer(*stream, text(name, name_size), text(value, value_size));
        } else {
          self(user).take_header(*stream, text(name, name_size), text(value, value_size));
        }
      }
    });
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      Http2& http2 = self(user);
      const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      switch (frame->hd.type) {
        case NGHTTP2_HEADERS:
        case NGHTTP2_DATA:
          if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !ends) {
            http2.note_idle_frame();
          }
          if (Stream* stream = http2.find(frame->hd.stream_id)) {
            if (!stream->has_head) {
              http2.end_head(*stream, !ends);
            } else if (ends) {
              http2.end_body(*stream);
            }
          }
          break;
        case NGHTTP2_PING:
          if (http2.draining_ && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            http2.go_away(NGHTTP2_NO_ERROR);  // who answers the ping has read the notice: what it sent has come
          } else {
            http2.note_idle_frame();
          }
          break;
        case NGHTTP2_SETTINGS:
        case NGHTTP2_PRIORITY:
          http2.note_idle_frame();
          break;
        default:
          break;
      }
    });
  }

  static int on_data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    return guarded([&] {
      // The connection's window is for all streams: one that is not read must not hold the others up.
      check(nghttp2_session_consume_connection(session, size));
      Stream* stream = self(user).find(id);
      if (stream == nullptr) {
        return;
      }
      self(user).take_data(*stream, text(bytes, size));
    });
  }

  // An answer that is whole before its request: the rest of that is not wanted (RFC 9113 §8.1).
  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    return guarded([&] {
      const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
      if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
          nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
        check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR));
      } else if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code == NGHTTP2_PROTOCOL_ERROR) {
        self(user).note_refusal();
      }
    });
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t /*error*/, void* user) {
    self(user).close_stream(id);
    return 0;
  }

  static ssize_t on_read(nghttp2_session* /*session*/, std::int32_t id, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    ssize_t given = NGHTTP2_ERR_CALLBACK_FAILURE;
    const int failed = guarded([&] {
      Stream* stream = self(user).find(id);
      given = stream != nullptr ? self(user).give_data(*stream, out, size, *flags)
                                : static_cast<ssize_t>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
    });
    return failed != 0 ? failed : given;
  }

  static std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> make() {
    nghttp2_session_callbacks* made = nullptr;
    const int result = nghttp2_session_callbacks_new(&made);
    auto callbacks = owned(result, made, &nghttp2_session_callbacks_del);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    return callbacks;
  }
};

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
  time_out_bodies();
  pump();
  return bytes.size();
}

// --- what nghttp2 tells ---------------------------------------------------------------------------------------------

Http2::Stream* Http2::find(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
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
  streams_.emplace(id, std::move(stream));
  ++heads_;
}

void Http2::take_header(Stream& stream, std::string_view name, std::string_view value) {
  // As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2).
  stream.head_bytes += name.size() + value.size() + 32;
  ++stream.head_fields;
  if (stream.refusal) {
    return;
  }
  if (stream.head_bytes > options_.max_header_bytes + stream.head_fields * 32) {
    stream.refusal = Refusal{431, "header fields too large"};
  } else if (stream.head_fields > options_.max_header_fields + 4) {
    stream.refusal = Refusal{431, "too many header fields"};
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
  stream.head_bytes += name.size() + value.size();
  if (stream.head_bytes <= options_.max_header_bytes && !name.starts_with(':') && !stream.handler_runs) {
    (void)stream.exchange->request.mutable_trailers().try_add(name, value);
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
    ++counters_.malformed;
    note_refusal();
    return refuse(stream, *refusal);
  }
  http::Request& request = stream.exchange->request;
  const http::BodyPlan plan = application_.plan(request);
  stream.max_body_bytes = plan.max_bytes.value_or(options_.max_body_bytes);
  std::uint64_t length = 0;
  if (const auto promised = request.header("content-length")) {
    std::from_chars(promised->data(), promised->data() + promised->size(), length);  // nghttp2 has checked it
  }
  if (!has_body || !plan.wants_body) {
    submit(stream);
  } else if (length > stream.max_body_bytes) {
    request.set_refusal({413, "request body too large"});
    submit(stream);
  } else {
    begin_body(stream, plan.streams);
  }
}

void Http2::begin_body(Stream& stream, bool streams) {
  http::Request& request = stream.exchange->request;
  ++bodies_;
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
  if (!std::exchange(stream.receives, false)) {
    return;
  }
  --bodies_;
  if (BodyPipe* pipe = stream.exchange->request_body.get()) {
    pipe->end();
  } else {
    submit(stream);
  }
}

void Http2::submit(Stream& stream) {
  stream.handler_runs = true;
  ++handlers_;
  host_.submit(*stream.exchange);
}

void Http2::close_stream(std::int32_t id) noexcept {
  const auto found = streams_.find(id);
  if (found == streams_.end()) {
    return;
  }
  std::unique_ptr<Stream> stream = std::move(found->second);
  streams_.erase(found);
  heads_ -= stream->has_head ? 0 : 1;
  bodies_ -= stream->receives ? 1 : 0;
  if (stream->handler_runs) {
    --handlers_;
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
void Http2::give_up() {
  if (!std::exchange(is_hostile_, true)) {
    ++counters_.malformed;
    finished_ = true;
    go_away(NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

// --- answers --------------------------------------------------------------------------------------------------------

// A body whose handler runs, or that is to be answered without its handler.
void Http2::refuse_body(Stream& stream, const Refusal& refusal, Code code) {
  ++counters_.malformed;
  stream.receives = false;
  --bodies_;
  if (BodyPipe* pipe = stream.exchange->request_body.get()) {
    stream.refusal = refusal;
    pipe->fail(Error(code, std::string(refusal.text)).with_public_text(std::string(refusal.text)));
  } else if (code == Code::resource_exhausted) {
    stream.exchange->request.set_refusal(refusal);
    submit(stream);
  } else {
    refuse(stream, refusal);
  }
}

void Http2::refuse(Stream& stream, const Refusal& refusal) {
  stream.exchange->response = http::error(refusal.status, refusal.text);
  answer(stream);
}

void Http2::on_news(Exchange& exchange, News news) {
  Stream* stream = find(static_cast<std::int32_t>(exchange.stream));
  if (stream == nullptr) {
    return;
  }
  if (news.done && stream->handler_runs) {
    stream->handler_runs = false;
    --handlers_;
  }
  if (!stream->answers && (news.has_head || news.done)) {
    if (stream->refusal && news.done) {
      exchange.response = http::error(stream->refusal->status, stream->refusal->text);
    }
    answer(*stream);
  } else if (stream->answers) {
    (void)nghttp2_session_resume_data(session_.get(), stream->id);  // an error if it was not deferred
  }
  if (exchange.request_body) {
    consume(*stream);
  }
  pump();
}

void Http2::answer(Stream& stream) {
  http::Response& response = stream.exchange->response;
  if (response.status < 200 || response.status > 999) {
    // Not a final status (RFC 9110 §15): the client would go on waiting for one.
    response =
        http::error(Error(Code::internal, "the handler answered with status " + std::to_string(response.status)));
  }
  const bool is_to_head = stream.exchange->request.method() == http::Method::head;
  const bool may_have_body = !has_no_body(response.status) && !is_to_head;
  if (may_have_body && response.stream) {
    stream.source.emplace(stream.exchange->response_body.get(), response.stream->length);
  } else if (may_have_body && response.file) {
    stream.source.emplace(*response.file);
  }
  stream.answers = true;
  send_head(stream, response, may_have_body && (stream.source || !response.body.empty() || !response.trailers.empty()));
}

void Http2::send_head(Stream& stream, const http::Response& response, bool has_body) {
  std::optional<std::uint64_t> length = response.body.size();
  if (response.stream) {
    length = response.stream->length;
  } else if (response.file) {
    length = response.file->length;
  }
  const std::string_view status = stream.write_number(stream.status_text, static_cast<std::uint64_t>(response.status));
  fields_.clear();
  fields_.push_back(field(":status", status, true));
  for (const auto [name, value] : response.headers) {
    if (!is_framing_field(name)) {
      fields_.push_back(field(name, value, true));
    }
  }
  fields_.push_back(field("date", host_.date(), false));
  if (length && !has_no_body(response.status)) {
    fields_.push_back(field("content-length", stream.write_number(stream.length_text, *length), true));
  }
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::on_read;
  check(nghttp2_submit_response(session_.get(), stream.id, fields_.data(), fields_.size(),
                                has_body ? &provider : nullptr));
}

// Called while a DATA frame is made (nghttp2_data_source_read_callback).
ssize_t Http2::give_data(Stream& stream, std::uint8_t* out, std::size_t size, std::uint32_t& flags) {
  http::Response& response = stream.exchange->response;
  std::size_t given = 0;
  bool is_end = false;
  if (stream.source) {
    stream.piece.clear();
    const auto status = stream.source->pull(size, stream.piece);
    if (status == BodySource::Status::failed) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // RST_STREAM: what was promised will not come
    }
    if (status == BodySource::Status::waiting && stream.piece.empty()) {
      return NGHTTP2_ERR_DEFERRED;
    }
    given = stream.piece.copy(reinterpret_cast<char*>(out), size);
    is_end = status == BodySource::Status::done;
  } else {
    given = response.body.copy(reinterpret_cast<char*>(out), size, stream.sent);
    stream.sent += given;
    is_end = stream.sent == response.body.size();
  }
  if (is_end) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!response.trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      fields_.clear();
      for (const auto [name, value] : response.trailers) {
        fields_.push_back(field(name, value, true));
      }
      check(nghttp2_submit_trailer(session_.get(), stream.id, fields_.data(), fields_.size()));
    }
  }
  return static_cast<ssize_t>(given);
}

// Serialises what there is to be sent, as far as the peer keeps up.
void Http2::pump() {
  while (host_.output_room() > 0) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_.get(), &bytes);
    if (count < 0) {
      throw Exception(Code::internal, std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(count)));
    }
    if (count == 0) {
      break;
    }
    host_.send(text(bytes, static_cast<std::size_t>(count)));
  }
  finish_if_done();
}

// --- the connection -------------------------------------------------------------------------------------------------

void Http2::go_away(std::uint32_t error) {
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_.get());
  check(nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, error, nullptr, 0));
}

void Http2::finish_if_done() {
  const bool wants_nothing =
      nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
  const bool is_drained = draining_ && streams_.empty() && nghttp2_session_want_write(session_.get()) == 0;
  if (!is_over_ && (finished_ || wants_nothing || is_drained)) {
    finished_ = is_over_ = true;
    host_.finish(!draining_ && !is_hostile_);
  }
}

void Http2::drain() {
  draining_ = true;
  if (streams_.empty()) {
    go_away(NGHTTP2_NO_ERROR);
  } else {
    // Requests that are on their way are still taken (RFC 9113 §6.8); the answer to the ping says when they have come.
    check(nghttp2_submit_shutdown_notice(session_.get()));
    check(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr));
  }
  pump();
}

void Http2::time_out_bodies() {
  if (options_.read_timeout == 0ns || bodies_ == 0) {
    return;
  }
  std::vector<Stream*> late;
  for (const auto& [id, stream] : streams_) {
    const auto allowed = options_.read_timeout + std::chrono::seconds(stream->received / 1024);
    if (stream->receives && host_.now() - stream->body_since >= allowed) {
      late.push_back(stream.get());
    }
  }
  for (Stream* stream : late) {
    refuse_body(*stream, {408, "request body took too long"}, Code::deadline_exceeded);
  }
}

void Http2::on_timeout() {
  switch (waiting()) {
    case Waiting::for_handler: {
      std::vector<Stream*> late;
      for (const auto& [id, stream] : streams_) {
        if (stream->handler_runs) {
          late.push_back(stream.get());
        }
      }
      for (Stream* stream : late) {
        stream->handler_runs = false;
        --handlers_;
        host_.abandon(std::move(stream->exchange));
        stream->exchange = std::make_unique<Exchange>();
        stream->exchange->stream = stream->id;
        if (stream->answers) {
          check(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR));
        } else {
          refuse(*stream, {503, "the request took too long"});
        }
      }
      break;
    }
    case Waiting::for_body:
      time_out_bodies();
      break;
    case Waiting::for_head:
    case Waiting::for_request:
    case Waiting::for_nothing:
      go_away(NGHTTP2_NO_ERROR);
      pump();
      finished_ = true;
      break;
  }
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
  return streams_.empty() ? Waiting::for_request : Waiting::for_nothing;
}

}  // namespace mcdsl::net
