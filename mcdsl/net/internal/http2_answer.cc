// The half of Http2 that answers.
#include <array>
#include <optional>
#include <utility>

#include "mcdsl/net/internal/http2_glue.h"
#include "mcdsl/net/internal/http2_stream.h"

namespace mcdsl::net {
namespace {

// Fields of the connection have no place in HTTP/2 (RFC 9113 §8.2.2), the length and the date are ours.
bool is_framing_field(std::string_view name) {
  return name == "content-length" || name == "connection" || name == "transfer-encoding" || name == "date" ||
         name == "keep-alive" || name == "upgrade" || name == "proxy-connection";
}

// New in each answer. In HPACK's table they would push out what comes again, and nghttp2 looks for a field among all
// entries of its name.
bool is_never_the_same(std::string_view name) {
  return name == "x-request-id" || name == "set-cookie";
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

// A body whose handler runs, or that is to be answered without its handler.
void Http2::refuse_body(Stream& stream, const Refusal& refusal, Code code) {
  counters_.note_refusal(refusal);
  end_receiving(stream);
  if (BodyPipe* pipe = stream.exchange->request_body.get()) {
    stream.refusal = refusal;
    pipe->fail(Error(code, std::string(refusal.text)).with_public_text(std::string(refusal.text)));
  } else if (code == Code::resource_exhausted || code == Code::deadline_exceeded) {
    // The application answers in its own terms: a call that is refused by HTTP's status has no code.
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
  if (news.done) {
    end_handler(*stream);
  }
  stream->handler_since = host_.now();  // of a body that it writes: it has gone on
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
  stream.answer_since = host_.now();
  send_head(stream, response, may_have_body && (stream.source || !response.body.empty() || !response.trailers.empty()));
}

void Http2::send_head(Stream& stream, const http::Response& response, bool has_body) {
  std::optional<std::uint64_t> length = response.body.size();
  if (response.stream) {
    length = response.stream->length;
  } else if (response.file) {
    length = response.file->length;
  }
  const std::string_view status = Stream::write_number(stream.status_text, static_cast<std::uint64_t>(response.status));
  fields_.clear();
  fields_.push_back(field(":status", status, true));
  for (const auto [name, value] : response.headers) {
    if (!is_framing_field(name)) {
      fields_.push_back(field(name, value, true));
      if (is_never_the_same(name)) {
        fields_.back().flags |= NGHTTP2_NV_FLAG_NO_INDEX;
      }
    }
  }
  fields_.push_back(field("date", host_.date(), false));
  // Who knows the length may stop reading there, before the trailers.
  if (length && response.trailers.empty() && !has_no_body(response.status)) {
    fields_.push_back(field("content-length", Stream::write_number(stream.length_text, *length), true));
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;  // nghttp2 asks for data only until it has told of the stream's end
  provider.read_callback = Callbacks::on_read;
  check(nghttp2_submit_response(session_.get(), stream.id, fields_.data(), fields_.size(),
                                has_body ? &provider : nullptr));
}

// Called while a DATA frame is made (nghttp2_data_source_read_callback).
ssize_t Http2::give_data(Stream& stream, std::uint8_t* out, std::size_t size, std::uint32_t& flags) {
  const http::Response& response = stream.exchange->response;
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
  stream.given += given;
  if (is_end) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!response.trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      fields_.clear();
      for (const auto [name, value] : response.trailers) {
        if (is_trailer_field(name)) {
          fields_.push_back(field(name, value, true));
        }
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
    if (count > 0) {
      host_.send(text(bytes, static_cast<std::size_t>(count)));
    } else if (owes_goodbye_ && streams_.empty()) {
      owes_goodbye_ = false;
      go_away(NGHTTP2_NO_ERROR);  // before the ping was answered: what is still on its way may be asked again elsewhere
    } else {
      break;
    }
  }
  finish_if_done();
}

// In a drain, who was at work a moment ago may be sending: to close at once would have that reset the connection and
// take answers with it that the client has not read. Who was idle has none, and a thousand of them keep nobody waiting.
void Http2::finish_if_done() {
  const bool wants_nothing =
      nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
  const bool is_drained =
      draining_ && !owes_goodbye_ && streams_.empty() && nghttp2_session_want_write(session_.get()) == 0;
  if (!is_over_ && (finished_ || wants_nothing || is_drained)) {
    finished_ = is_over_ = true;
    host_.finish(!was_idle_ && !is_hostile_);
  }
}

}  // namespace mcdsl::net
