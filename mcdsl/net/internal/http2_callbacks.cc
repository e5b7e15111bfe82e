// What nghttp2 calls.
#include "mcdsl/net/internal/http2_glue.h"
#include "mcdsl/net/internal/http2_stream.h"

namespace mcdsl::net {

struct Http2::Callbacks::Functions {
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

  // Of one field. Where the connection has been given up, nghttp2 is not to go on with the rest of them.
  template <class Work>
  static int guarded_field(void* user, const nghttp2_frame& frame, std::size_t size, Work work) noexcept {
    return guarded([&] {
      if (Stream* stream = self(user).find(frame.hd.stream_id)) {
        self(user).note_field(*stream, size);
        work(*stream);
      }
      if (self(user).finished_) {
        throw Exception(Code::resource_exhausted, "HTTP/2: given up");
      }
    });
  }

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
    return guarded_field(user, *frame, name_size + value_size, [&](Stream& stream) {
      if (stream.has_head) {
        self(user).take_trailer(stream, text(name, name_size), text(value, value_size));
      } else {
        self(user).take_header(stream, text(name, name_size), text(value, value_size));
      }
    });
  }

  static int on_invalid_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* /*name*/,
                               std::size_t name_size, const std::uint8_t* /*value*/, std::size_t value_size,
                               std::uint8_t /*flags*/, void* user) {
    return guarded_field(user, *frame, name_size + value_size,
                         [&](Stream& stream) { self(user).take_invalid_header(stream); });
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
            http2.owes_goodbye_ = false;
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
      } else if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM) {
        self(user).counters_.note(Limit::max_streams);
      } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code == NGHTTP2_INTERNAL_ERROR) {
        self(user).note_flood();  // nghttp2's own limit of streams that are reset
      }
    });
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t /*error*/, void* user) {
    self(user).close_stream(id);
    return 0;
  }

  static ssize_t on_read(nghttp2_session* /*session*/, std::int32_t /*id*/, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void* user) {
    ssize_t given = NGHTTP2_ERR_CALLBACK_FAILURE;
    const int failed =
        guarded([&] { given = self(user).give_data(*static_cast<Stream*>(source->ptr), out, size, *flags); });
    return failed != 0 ? failed : given;
  }
};

ssize_t Http2::Callbacks::on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t size,
                                  std::uint32_t* flags, nghttp2_data_source* source, void* user) {
  return Functions::on_read(session, id, out, size, flags, source, user);
}

std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> Http2::Callbacks::make() {
  nghttp2_session_callbacks* made = nullptr;
  const int result = nghttp2_session_callbacks_new(&made);
  auto callbacks = owned(result, made, &nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_begin_frame_callback(made, Functions::on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, Functions::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, Functions::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(made, Functions::on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, Functions::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Functions::on_data);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, Functions::on_frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, Functions::on_close);
  return callbacks;
}

}  // namespace mcdsl::net
