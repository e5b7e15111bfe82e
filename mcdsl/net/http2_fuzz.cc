// Feeds frames to the HTTP/2 protocol, with handlers, time and the peer's reading in any order between them. An even
// first byte: the rest is what comes from the socket. An odd one: the rest is a list of steps, most of them frames, so
// that the fuzzer gets past the framing.
//
// What a handler sees must be a good request; what is sent must be whole frames, each of a stream that the peer has
// opened and that has not been ended; and no request may be left when the connection is gone.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "mcdsl/net/internal/fake_http2_host_test.h"

namespace {

using namespace mcdsl;

constexpr std::size_t kMaxBody = 300;
constexpr std::size_t kRoom = 4096;
const net::ServerOptions kOptions{
    .max_header_bytes = 400, .max_header_fields = 10, .max_streams = 8, .handler_timeout = std::chrono::seconds(20)};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

class Echo final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    return {.max_bytes = kMaxBody, .wants_body = request.path() != "/n"};
  }
  http::Response serve(http::Request& request) const override {
    require(request.path().starts_with('/') || request.path() == "*");
    require(request.headers().count("host") == 1);
    require(request.headers().size() <= kOptions.max_header_fields + 1);
    require(request.trailers().size() <= kOptions.max_header_fields);
    require(!request.trailers().contains("host") && !request.trailers().contains("content-length"));
    for (const http::Headers* fields : {&request.headers(), &request.trailers()}) {
      for (const auto field : *fields) {
        require(http::is_token(field.name) && http::is_field_value(field.value));
        require(field.name != "connection" && field.name != "transfer-encoding");
      }
    }
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    require(request.body().size() <= kMaxBody);
    http::Response response = http::text(std::string(request.body()));
    if (request.path() == "/t") {
      response.trailers.add("x-trailer", "yes");
    } else if (request.path() == "/l") {
      response.body.assign(100'000, 'l');
    } else if (request.path() == "/i") {
      response.status = 100;
    }
    return response;
  }
};

// Holds what was sent to the rules of frames.
void check_output(std::string_view sent) {
  std::set<std::uint32_t> ended;
  bool in_head = false;
  net::Frame frame;
  for (bool is_first = true; frame.take_from(sent); is_first = false) {
    require(!is_first || frame.type == NGHTTP2_SETTINGS);  // RFC 9113 §3.4
    require(frame.payload.size() <= 16'384);
    require(in_head == (frame.type == NGHTTP2_CONTINUATION));
    const bool of_stream =
        frame.type == NGHTTP2_DATA || frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION;
    in_head = (of_stream && frame.type != NGHTTP2_DATA) && (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
    if (of_stream) {
      require(frame.stream % 2 == 1);
      require(!ended.contains(frame.stream));
    }
    if (frame.type == NGHTTP2_RST_STREAM ||
        (of_stream && frame.type != NGHTTP2_CONTINUATION && (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0 && !in_head)) {
      ended.insert(frame.stream);
    }
  }
  require(sent.empty());
}

class Steps {
 public:
  explicit Steps(std::string_view bytes) : rest_(bytes) {}

  // Performs the next one; false where there is none left.
  bool take(net::FakeHttp2Host& host) {
    if (rest_.size() < 4) {
      return false;
    }
    const auto type = byte(0);
    const auto flags = byte(1);
    const auto stream = byte(2);
    const std::string_view payload = rest_.substr(4, byte(3));
    rest_.remove_prefix(4 + payload.size());
    switch (type) {
      case 0xff:
        host.time += std::chrono::seconds(flags);
        host.http2.on_timeout();
        break;
      case 0xfe:
        host.http2.drain();
        break;
      case 0xfd:
        host.flush(kRoom);
        break;
      case 0xfc:
        host.answer();
        break;
      default:
        host.feed(net::Frame{type, flags, stream, std::string(payload)}.bytes());
    }
    return true;
  }

 private:
  [[nodiscard]] std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(rest_[at]); }

  std::string_view rest_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Echo application;
  net::FakeHttp2Host host(application, kOptions);
  host.room = kRoom;
  if (data[0] % 2 == 0) {
    host.feed(bytes);
    host.answer();
  } else {
    host.feed(net::kHttp2Preface);
    host.feed(net::Frame{.type = NGHTTP2_SETTINGS}.bytes());
    Steps steps(bytes);
    while (host.finishes == 0 && steps.take(host)) {
    }
  }
  if (host.finishes == 0) {
    host.answer();
    host.flush(kRoom);
  }
  require(host.finishes <= 1);
  check_output(host.sent);
  host.http2.on_closed();
  require(host.submitted.empty());
  return 0;
}
