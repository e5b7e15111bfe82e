#include "mcdsl/grpcserver/context.h"

#include <algorithm>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/http/request_id.h"

namespace mcdsl::grpcserver {
namespace {

// In any case, as the names of headers are.
bool is_binary(std::string_view name) {
  constexpr std::string_view kEnding = "-bin";
  return name.size() >= kEnding.size() && http::equal_ignoring_case(name.substr(name.size() - kEnding.size()), kEnding);
}

void add(http::Headers& to, std::string_view name, std::string_view value) {
  if (is_reserved(name)) {
    throw Exception(Code::internal, "\"" + printable(name) + "\" is a name of the protocol, not metadata");
  }
  if (is_binary(name)) {
    to.add(name, encode_binary(value));
  } else {
    to.add(name, value);
  }
}

}  // namespace

const auth::Caller& Context::caller() const {
  if (caller_ == nullptr) {
    throw Exception(Code::internal, "method \"" + std::string(method_) + "\" asks for its caller but requires none");
  }
  return *caller_;
}

const auth::Caller* Context::find_caller() const noexcept {
  return caller_.get();
}

std::string_view Context::request_id() const noexcept {
  const auto* id = request_.get<http::RequestId>();
  return id != nullptr ? std::string_view(id->value) : std::string_view();
}

std::chrono::nanoseconds Context::time_left() const noexcept {
  using std::chrono::nanoseconds;
  return deadline_ ? std::max<nanoseconds>(*deadline_ - clock_.steady(), nanoseconds::zero()) : nanoseconds::max();
}

Result<void> Context::still_wanted() const {
  if (deadline_ && clock_.steady() >= *deadline_) {
    return fail_visible(Code::deadline_exceeded, "the deadline of the call has passed");
  }
  if (stop_token().stop_requested()) {
    return fail_visible(Code::cancelled, "the call was cancelled");
  }
  return {};
}

Result<std::optional<std::string>> Context::metadata(std::string_view name) const {
  const auto value = request_.header(name);
  if (!value || is_reserved(name)) {
    return std::nullopt;
  }
  if (!is_binary(name)) {
    return std::string(*value);
  }
  auto bytes = decode_binary(value->substr(0, value->find(',')));
  if (!bytes) {
    return fail_visible(Code::invalid_argument, "metadata \"" + printable(name) + "\" is no base64");
  }
  return bytes;
}

void Context::add_header(std::string_view name, std::string_view value) const {
  add(response_headers_, name, value);
}

void Context::add_trailer(std::string_view name, std::string_view value) const {
  add(response_trailers_, name, value);
}

}  // namespace mcdsl::grpcserver
