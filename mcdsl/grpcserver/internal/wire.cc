#include "mcdsl/grpcserver/internal/wire.h"

#include <array>
#include <climits>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/grpcserver/internal/transcode.h"

namespace mcdsl::grpcserver {
namespace {

struct TypeRow {
  std::string_view content_type;
  WireType type;
};

// The first of each type is what answers are called; application/json is REST's as well, where the path is.
constexpr std::array<TypeRow, 12> kTypes{{
    {"application/grpc", {Protocol::grpc, Codec::proto}},
    {"application/grpc+proto", {Protocol::grpc, Codec::proto}},
    {"application/grpc+json", {Protocol::grpc, Codec::json}},
    {"application/grpc-web+proto", {Protocol::grpc_web, Codec::proto}},
    {"application/grpc-web", {Protocol::grpc_web, Codec::proto}},
    {"application/grpc-web-text", {Protocol::grpc_web, Codec::proto}},  // see web_text.h
    {"application/grpc-web-text+proto", {Protocol::grpc_web, Codec::proto}},
    {"application/grpc-web+json", {Protocol::grpc_web, Codec::json}},
    {"application/proto", {Protocol::connect_unary, Codec::proto}},
    {"application/json", {Protocol::connect_unary, Codec::json}},
    {"application/connect+proto", {Protocol::connect_stream, Codec::proto}},
    {"application/connect+json", {Protocol::connect_stream, Codec::json}},
}};

struct EncodingFields {
  std::string_view received;
  std::string_view accepted;
};

EncodingFields encoding_fields(Protocol protocol) {
  switch (protocol) {
    case Protocol::grpc:
    case Protocol::grpc_web:
      return {"grpc-encoding", "grpc-accept-encoding"};
    case Protocol::connect_stream:
      return {"connect-content-encoding", "connect-accept-encoding"};
    case Protocol::connect_unary:
    case Protocol::rest:
      break;
  }
  return {"content-encoding", "accept-encoding"};
}

Result<void> parse(Codec codec, std::string_view bytes, google::protobuf::Message& into) {
  if (codec == Codec::json) {
    return read_json(into, bytes);
  }
  if (bytes.size() > INT_MAX || !into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail_visible(Code::invalid_argument, "the message is no " + into.GetDescriptor()->full_name());
  }
  return {};
}

}  // namespace

std::optional<WireType> parse_content_type(std::string_view content_type) {
  if (content_type == kTypes.front().content_type) {  // as nearly every gRPC client writes it, for each call
    return kTypes.front().type;
  }
  const std::string_view name = http::trim(content_type.substr(0, content_type.find(';')));
  for (const TypeRow& row : kTypes) {
    if (http::equal_ignoring_case(row.content_type, name)) {
      return row.type;
    }
  }
  return std::nullopt;
}

std::string_view content_type(WireType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) {
      return row.content_type;
    }
  }
  return "application/json";
}

Result<void> MessageFormat::decode(std::string_view payload, bool is_packed, google::protobuf::Message& into) const {
  if (payload.size() > limits.received) {
    return fail_visible(Code::resource_exhausted,
                        "the message is above the limit of " + std::to_string(limits.received) + " bytes");
  }
  if (!is_packed) {
    return parse(type.codec, payload, into);
  }
  if (received == Encoding::identity) {
    return fail_visible(Code::internal, "the message says it is compressed, and the call does not say how");
  }
  const auto bytes = gunzip(payload, limits.received);
  return bytes ? parse(type.codec, *bytes, into) : std::unexpected(bytes.error());
}

Result<MessageFormat::Payload> MessageFormat::encode(const google::protobuf::Message& message, bool pack) const {
  Payload payload;
  if (type.codec == Codec::json) {
    auto text = write_json(message, type.protocol == Protocol::rest);
    if (!text) {
      return std::unexpected(std::move(text).error());
    }
    payload.bytes = *std::move(text);
  } else {
    const std::size_t size = message.ByteSizeLong();
    if (size <= limits.sent && size <= INT_MAX) {
      payload.bytes.resize(size);
      message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(payload.bytes.data()));
    } else {
      payload.bytes.clear();
      return fail_visible(Code::resource_exhausted, "the answer's message of " + std::to_string(size) +
                                                        " bytes is above the limit of " + std::to_string(limits.sent));
    }
  }
  if (payload.bytes.size() > limits.sent) {
    return fail_visible(Code::resource_exhausted, "the answer's message of " + std::to_string(payload.bytes.size()) +
                                                      " bytes is above the limit of " + std::to_string(limits.sent));
  }
  if (pack && accepts_gzip) {
    auto packed = gzip(payload.bytes);
    if (!packed) {
      return std::unexpected(std::move(packed).error());
    }
    payload = {*std::move(packed), true};
  }
  return payload;
}

Result<MessageFormat> read_format(WireType type, const http::Request& request, MessageLimits limits) {
  const auto [received, accepted] = encoding_fields(type.protocol);
  MessageFormat format{.type = type, .limits = limits};
  if (const auto name = request.header(received)) {
    const auto encoding = parse_encoding(*name);
    if (!encoding) {
      return fail_visible(Code::unimplemented, std::string(received) + ": known are identity and gzip");
    }
    format.received = *encoding;
  }
  const auto list = request.header(accepted);
  format.accepts_gzip = list && accepts_gzip(*list);
  return format;
}

Result<std::optional<std::chrono::nanoseconds>> read_timeout(Protocol protocol, const http::Request& request) {
  const bool is_grpc = protocol == Protocol::grpc || protocol == Protocol::grpc_web;
  const auto text = request.header(is_grpc ? "grpc-timeout" : "connect-timeout-ms");
  if (!text || protocol == Protocol::rest) {
    return std::nullopt;
  }
  return is_grpc ? parse_timeout(*text) : parse_connect_timeout(*text);
}

}  // namespace mcdsl::grpcserver
