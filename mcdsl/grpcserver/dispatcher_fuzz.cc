// Makes a request of the input and gives it to a dispatcher: nothing may crash it, and no handler that needs a caller
// may be entered without one. The first line is the method and the target, each further one a field until an empty
// one, and the rest the body:
//
//     POST /mcdsl.test.v1.NotesService/Echo
//     content-type: application/grpc
//
//     <the body>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "mcdsl/grpcserver/dispatcher.h"
#include "mcdsl/grpcserver/internal/notes_for_test.h"

namespace {

using namespace mcdsl;
using namespace mcdsl::grpcserver;

constexpr std::size_t kMost = 4096;

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

std::string_view next_line(std::string_view& input) {
  const std::size_t size = std::min(input.find('\n'), input.size());
  const std::string_view line = input.substr(0, size);
  input.remove_prefix(std::min(size + 1, input.size()));
  return line;
}

// What the server itself would not hand on is false.
bool read_request(std::string_view input, http::Request& request) {
  const std::string_view first = next_line(input);
  const std::size_t space = std::min(first.find(' '), first.size());
  const auto method = http::parse_method(first.substr(0, space));
  const std::string_view target = first.substr(std::min(space + 1, first.size()));
  const bool is_origin = target.starts_with('/') || (target == "*" && method == http::Method::options);
  if (!method || !is_origin || std::ranges::any_of(target, [](char c) { return c <= ' ' || c > '~' || c == '#'; })) {
    return false;
  }
  request.start(*method, target);
  for (std::string_view line; !(line = next_line(input)).empty();) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (!request.mutable_headers().try_add(line.substr(0, colon),
                                           http::trim(line.substr(std::min(colon + 1, line.size()))))) {
      return false;
    }
  }
  request.mutable_body() = input;
  return true;
}

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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static NotesForTest service;
  static const TokensForTest tokens;
  static const Dispatcher dispatcher({&service},
                                     {.verifier = &tokens, .max_received_bytes = kMost, .max_sent_bytes = kMost});
  http::Request request;
  if (!read_request({reinterpret_cast<const char*>(data), size}, request) || !dispatcher.takes(request)) {
    return 0;
  }
  const http::BodyPlan plan = dispatcher.plan(request);
  if (!plan.wants_body) {
    request.mutable_body().clear();
  } else if (request.body().size() > plan.max_bytes.value_or(kMost)) {
    request.set_refusal({413, "request body too large"});
  }
  const int before = service.entered();
  http::Response response = dispatcher.serve(request);
  if (response.stream) {
    Collector collector(response);
    require(std::exchange(response.stream, std::nullopt)->produce(collector).has_value());
  }
  require(response.status >= 200 && response.status < 600);
  require(service.without_caller() == 0);
  require(service.entered() <= before + 1);
  if (response.status == 401 || response.status == 403 || response.status == 405) {
    require(service.entered() == before);
  }
  return 0;
}
