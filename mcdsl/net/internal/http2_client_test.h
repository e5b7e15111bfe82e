#pragma once

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "mcdsl/http/headers.h"
#include "mcdsl/testing/http_client.h"

namespace mcdsl::net {

/// A client of HTTP/2 for tests: nghttp2 on a connection of the test kit.
class Http2Client {
 public:
  struct Answer {
    int status = 0;
    http::Headers headers;
    http::Headers trailers;
    std::string body;
    bool closed = false;
    std::uint32_t error = 0;  // of the RST_STREAM; 0 for none
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// Whether the server may send on as soon as something was read, or only what `widen` lets it.
  enum class Windows : std::uint8_t { automatic, by_hand };

  explicit Http2Client(testing::HttpClient connection, Windows windows = Windows::automatic)
      : connection_(std::move(connection)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, windows == Windows::by_hand ? 1 : 0);
    nghttp2_session_client_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    flush();
  }
  ~Http2Client() { nghttp2_session_del(session_); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Sends a request; its stream. With `open`, more of its body is to come by `send_data`.
  std::int32_t request(const std::string& method, const std::string& path, const Fields& fields = {},
                       std::string body = "", bool open = false, const Fields& trailers = {}) {
    Fields all{{":method", method}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}};
    all.insert(all.end(), fields.begin(), fields.end());
    auto upload = std::make_unique<Upload>(Upload{std::move(body), open, trailers});
    nghttp2_data_provider provider{.source = {.ptr = upload.get()}, .read_callback = on_read};
    const bool has_body = !upload->bytes.empty() || open || !trailers.empty();
    const auto values = to_nv(all);
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, values.data(), values.size(),
                                                   has_body ? &provider : nullptr, nullptr);
    uploads_[id] = std::move(upload);
    flush();
    return id;
  }

  void send_data(std::int32_t id, std::string_view bytes, bool end) {
    uploads_.at(id)->bytes.append(bytes);
    uploads_.at(id)->open = !end;
    nghttp2_session_resume_data(session_, id);
    flush();
  }

  /// Lets the server send so much more on a stream, or (0) on the connection: in a write, and so a TLS record, of its
  /// own.
  void widen(std::int32_t id, std::int32_t bytes) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, bytes);
    flush();
  }

  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }

  /// Reads until the stream is closed; what came. Also where the connection ends before.
  const Answer& wait_for(std::int32_t id) {
    while (!answers_[id].closed && receive()) {
    }
    return answers_[id];
  }
  const Answer& get(const std::string& path, const Fields& fields = {}) {
    return wait_for(request("GET", path, fields));
  }

  /// Reads until a condition holds. Whether it does; false where the connection ends before.
  template <class Condition>
  bool wait_until(Condition condition) {
    while (!condition()) {
      if (!receive()) {
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] const Answer& answer(std::int32_t id) { return answers_[id]; }
  [[nodiscard]] int goaways() const { return goaways_; }
  [[nodiscard]] testing::HttpClient& connection() { return connection_; }

 private:
  struct Upload {
    std::string bytes;
    bool open = false;
    Fields trailers;
  };

  static std::vector<nghttp2_nv> to_nv(const Fields& fields) {
    std::vector<nghttp2_nv> values;
    for (const auto& [name, value] : fields) {
      const auto bytes = [](const std::string& text) {
        return const_cast<std::uint8_t*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast): nghttp2 only reads it
            reinterpret_cast<const std::uint8_t*>(text.data()));
      };
      values.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return values;
  }

  void flush() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      connection_.send({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
    }
  }

  bool receive() {
    const std::string bytes = connection_.receive_bytes(1);
    if (bytes.empty()) {
      return false;
    }
    if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) < 0) {
      throw std::runtime_error("the server speaks no HTTP/2");
    }
    flush();
    return true;
  }

  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

  static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/,
                       void* user) {
    Answer& answer = self(user).answers_[frame->hd.stream_id];
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      answer.status = std::stoi(text);
    } else if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && answer.status >= 200) {
      answer.trailers.add(key, text);
    } else {
      answer.headers.add(key, text);
    }
    return 0;
  }

  static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int on_close(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers_[id].closed = true;
    self(user).answers_[id].error = error;
    return 0;
  }

  static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
    self(user).goaways_ += frame->hd.type == NGHTTP2_GOAWAY ? 1 : 0;
    return 0;
  }

  static ssize_t on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void* /*user*/) {
    auto& upload = *static_cast<Upload*>(source->ptr);
    const std::size_t count = upload.bytes.copy(reinterpret_cast<char*>(out), size);
    upload.bytes.erase(0, count);
    if (upload.bytes.empty() && !upload.open) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!upload.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto values = to_nv(upload.trailers);
        nghttp2_submit_trailer(session, id, values.data(), values.size());
      }
    } else if (count == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }

  testing::HttpClient connection_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<Upload>> uploads_;
  std::map<std::int32_t, Answer> answers_;
  int goaways_ = 0;
};

}  // namespace mcdsl::net
