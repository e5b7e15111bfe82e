#include "mcdsl/testing/rpc_caller.h"

#include <charconv>
#include <cstdint>

namespace mcdsl::testing {
namespace {

constexpr std::size_t kFrameHead = 5;

std::string frame_of(std::string_view message) {
  std::string frame(1, '\0');
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    frame.push_back(static_cast<char>(message.size() >> shift & 0xFFU));
  }
  return frame.append(message);
}

std::vector<std::string> messages_of(std::string_view body) {
  std::vector<std::string> messages;
  while (!body.empty()) {
    std::uint32_t size = 0;
    for (std::size_t i = 1; i < kFrameHead && i < body.size(); ++i) {
      size = size << 8U | static_cast<unsigned char>(body[i]);
    }
    if (body.size() < kFrameHead + size) {
      throw Exception(Code::internal, "the answer ends within a message");
    }
    messages.emplace_back(body.substr(kFrameHead, size));
    body.remove_prefix(kFrameHead + size);
  }
  return messages;
}

// The inverse of percent-encoding, of what is known to be well-formed.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ec == std::errc()) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

Result<void> status_of(const http::Response& response) {
  const auto field = [&](std::string_view name) {
    const auto behind = response.trailers.get(name);
    return std::string(behind ? *behind : response.headers.get(name).value_or(""));
  };
  const std::string status = field("grpc-status");
  if (response.status != 200 || status.empty()) {
    return fail(Code::unknown, "HTTP status " + std::to_string(response.status) + " without grpc-status");
  }
  if (status == "0") {
    return {};
  }
  return fail_visible(static_cast<Code>(std::stoi(status)), decoded(field("grpc-message")));
}

// Holds a body that is written while it leaves.
class Collector final : public http::BodyWriter {
 public:
  explicit Collector(http::Response& response) : response_(response) {}
  Result<void> write(std::string_view bytes) override {
    response_.body.append(bytes);
    return {};
  }
  http::Response& response() override { return response_; }

 private:
  http::Response& response_;
};

}  // namespace

http::Response RpcCaller::send(http::Method method, std::string_view target, std::string body,
                               const Fields& fields) const {
  http::Request request;
  request.start(method, target);
  request.mutable_headers().add("host", "localhost");
  for (const Fields* list : {&fields_, &fields}) {
    for (const auto& [name, value] : *list) {
      request.mutable_headers().add(name, value);
    }
  }
  request.mutable_body() = std::move(body);
  if (!dispatcher_.takes(request)) {
    throw Exception(Code::internal, "the dispatcher does not take " + std::string(target));
  }
  const http::BodyPlan plan = dispatcher_.plan(request);
  if (plan.max_bytes && request.body().size() > *plan.max_bytes) {
    request.set_refusal({413, "request body too large"});
  }
  http::Response response = dispatcher_.serve(request);
  if (response.stream) {
    const auto produce = std::exchange(response.stream, std::nullopt)->produce;
    Collector collector(response);
    value_or_throw(produce(collector));
  }
  return response;
}

RpcOutcome RpcCaller::call(std::string_view method, const std::vector<std::string>& messages) const {
  std::string body;
  for (const std::string& message : messages) {
    body.append(frame_of(message));
  }
  const http::Response response = send(http::Method::post, "/" + std::string(method), std::move(body),
                                       {{"content-type", "application/grpc"}, {"te", "trailers"}});
  return {status_of(response), messages_of(response.body), response.headers, response.trailers};
}

}  // namespace mcdsl::testing
