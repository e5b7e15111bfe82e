#include "mcdsl/grpcserver/internal/connect_get.h"

#include <optional>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::grpcserver {
namespace {

Result<std::string> required(const http::Request& request, std::string_view name) {
  auto value = request.query_param(name);
  if (!value) {
    return std::unexpected(std::move(value).error());
  }
  if (!*value) {
    return fail_visible(Code::invalid_argument, "the query has no \"" + std::string(name) + "\"");
  }
  return **std::move(value);
}

}  // namespace

Result<ConnectGet> read_connect_get(const http::Request& request, MessageLimits limits) {
  auto message = required(request, "message");
  const auto encoding = required(request, "encoding");
  if (!message || !encoding) {
    return std::unexpected(!message ? message.error() : encoding.error());
  }
  if (*encoding != "proto" && *encoding != "json") {
    return fail_visible(Code::invalid_argument, "the encoding is neither \"proto\" nor \"json\"");
  }
  auto format =
      read_format({Protocol::connect_unary, *encoding == "json" ? Codec::json : Codec::proto}, request, limits);
  if (!format) {
    return std::unexpected(std::move(format).error());
  }
  const auto compression = request.query_param("compression");
  const auto known = parse_encoding(compression ? compression->value_or("identity") : "");
  if (!known) {
    return fail_visible(Code::unimplemented, "the compression is not understood; known are identity and gzip");
  }
  format->received = *known;
  const auto base64 = request.query_param("base64");
  if (base64 && *base64 == "1") {
    while (message->ends_with('=')) {
      message->pop_back();
    }
    auto bytes = base64url_decode(*message);
    if (!bytes) {
      return fail_visible(Code::invalid_argument, "the message is no base64url");
    }
    message = *std::move(bytes);
  }
  return ConnectGet{*std::move(format), *std::move(message)};
}

}  // namespace mcdsl::grpcserver
