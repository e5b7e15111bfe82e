#include "mcdsl/grpcserver/internal/web_text.h"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/grpcserver/internal/finish.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/grpcserver/internal/wire.h"

namespace mcdsl::grpcserver {
namespace {

constexpr std::string_view kWebText = "application/grpc-web-text";
constexpr std::string_view kWebTextProto = "application/grpc-web-text+proto";

std::string encode(std::string_view bytes) {
  std::string text = encode_binary(bytes);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

// Pieces that are padded each on their own, one behind the other.
std::optional<std::string> decode(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const std::size_t padding = text.find('=');
    const std::size_t end = padding == std::string_view::npos ? text.size() : (padding / 4 + 1) * 4;
    if (end > text.size() || end % 4 != 0) {
      return std::nullopt;
    }
    const auto piece = decode_binary(text.substr(0, end));
    if (!piece) {
      return std::nullopt;
    }
    bytes.append(*piece);
    text.remove_prefix(end);
  }
  return bytes;
}

class TextWriter final : public http::BodyWriter {
 public:
  explicit TextWriter(http::BodyWriter& out) : out_(out) {}

  Result<void> write(std::string_view bytes) override { return out_.write(encode(bytes)); }
  http::Response& response() override { return out_.response(); }

 private:
  http::BodyWriter& out_;
};

http::Response answer_that_time_is_over() {
  http::Response response = timed_out({Protocol::grpc_web, Codec::proto})();
  pack_web_text(response);
  return response;
}

}  // namespace

bool is_web_text(const http::Request& request) noexcept {
  const auto type = request.header("content-type");
  if (!type) {
    return false;
  }
  const std::string_view name = http::trim(type->substr(0, type->find(';')));
  return http::equal_ignoring_case(name, kWebText) || http::equal_ignoring_case(name, kWebTextProto);
}

void plan_web_text(http::BodyPlan& plan) {
  if (plan.max_bytes && *plan.max_bytes <= std::numeric_limits<std::size_t>::max() / 2) {
    plan.max_bytes = (*plan.max_bytes / 3 + 1) * 4;
  }
  plan.streams = false;
  plan.timed_out = answer_that_time_is_over;
}

void unpack_web_text(http::Request& request) {
  auto bytes = decode(request.body());
  if (bytes) {
    request.mutable_body() = *std::move(bytes);
  } else if (!request.refusal()) {
    request.set_refusal({400, "the body is no base64"});
  }
}

void pack_web_text(http::Response& response) {
  if (const auto type = response.headers.get("content-type"); !type || !type->starts_with("application/grpc-web")) {
    return;  // a refusal in HTTP's own terms
  }
  response.headers.set("content-type", kWebTextProto);
  response.body = encode(response.body);
  if (response.stream) {
    response.stream->produce = [produce = std::move(response.stream->produce)](http::BodyWriter& out) {
      TextWriter text(out);
      return produce(text);
    };
  }
}

}  // namespace mcdsl::grpcserver
