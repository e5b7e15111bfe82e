// Feeds the input to the HTTP/1.1 protocol, first whole and then in pieces whose sizes come from the input too. What is
// sent, submitted and ended must be the same both times, and never more be taken than was given.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mcdsl/net/internal/fake_host_test.h"

namespace {

using namespace mcdsl;

const net::ServerOptions kOptions{.max_header_bytes = 400, .max_header_fields = 10};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

class Echo final : public http::Application {
 public:
  http::BodyPlan plan(http::Request& request) const override {
    return {.max_bytes = 300, .wants_body = request.path() != "/n"};
  }
  http::Response serve(http::Request& request) const override {
    if (request.refusal()) {
      return http::error(request.refusal()->status, request.refusal()->text);
    }
    std::string text = std::string(name(request.method())) + ' ' + std::string(request.path()) + '?' +
                       std::string(request.query()) + '\n';
    for (const auto field : request.headers()) {
      require(http::is_token(field.name) && http::is_field_value(field.value));
      text.append(field.name).append(":").append(field.value).append("\n");
    }
    require(request.trailers().size() <= kOptions.max_header_fields);
    for (const auto field : request.trailers()) {
      require(http::is_token(field.name) && http::is_field_value(field.value));
      require(field.name != "host" && field.name != "content-length" && field.name != "transfer-encoding");
      text.append(field.name).append("=").append(field.value).append("\n");
    }
    require(request.body().size() <= 300);
    return http::text(text.append(request.body()));
  }
};

void feed(net::FakeHost& host, std::string_view bytes) {
  host.feed(bytes);
  require(host.finishes <= 1);
  require(host.finishes == 0 || host.http1.waiting() == net::Waiting::for_nothing);
  require(host.finishes == 0 || host.pending().empty());
  require(host.pending().size() <= kOptions.max_header_bytes || host.http1.waiting() == net::Waiting::for_body);
}

void require_same(const net::FakeHost& a, const net::FakeHost& b) {
  require(a.sent == b.sent && a.answers == b.answers && a.finishes == b.finishes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Echo application;
  net::FakeHost whole(application, kOptions);
  feed(whole, bytes);
  net::FakeHost cut(application, kOptions);
  for (std::size_t at = 0, piece = 0; at < size; at += piece) {
    piece = 1 + data[(at * 7 + 3) % size] % 24;
    feed(cut, bytes.substr(at, piece));
  }
  net::FakeHost trickle(application, kOptions);
  for (std::size_t at = 0; at < size; ++at) {
    feed(trickle, bytes.substr(at, 1));
  }
  require_same(whole, cut);
  require_same(whole, trickle);
  return 0;
}
