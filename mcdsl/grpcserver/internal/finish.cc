#include "mcdsl/grpcserver/internal/finish.h"

#include <map>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/framing.h"
#include "mcdsl/grpcserver/internal/metadata.h"
#include "mcdsl/grpcserver/internal/status.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::grpcserver {
namespace {

void add_grpc_status(const Result<void>& result, const http::Headers& trailers, http::Headers& into) {
  for (const auto [name, value] : trailers) {
    into.add(name, value);
  }
  if (result) {
    into.add("grpc-status", "0");
    return;
  }
  const Error& error = result.error();
  into.add("grpc-status", std::to_string(static_cast<int>(error.code())));
  into.add("grpc-message", percent_encode(error.public_text()));
  if (!error.details().empty()) {
    into.add("grpc-status-details-bin", encode_binary(status_details(error)));
  }
}

// Trailers as gRPC-Web sends them: a last frame with the lines of an HTTP/1.1 head (PROTOCOL-WEB).
std::string web_trailers(const Result<void>& result, const http::Headers& trailers) {
  http::Headers fields;
  add_grpc_status(result, trailers, fields);
  std::string lines;
  for (const auto [name, value] : fields) {
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  std::string frame;
  append_frame(frame, kWebTrailers, lines);
  return frame;
}

void write_connect_error(json::Writer& out, const Error& error) {
  out.begin_object().field("code", connect_code_name(error.code())).field("message", error.public_text());
  if (!error.details().empty()) {
    out.key("details").begin_array();
    for (const ErrorDetail& detail : error.details()) {
      out.begin_object().field("type", detail.type).field("value", encode_binary(detail.bytes)).end_object();
    }
    out.end_array();
  }
  out.end_object();
}

// Connect's last frame, EndStreamResponse.
std::string connect_end(const Result<void>& result, const http::Headers& trailers) {
  json::Writer out;
  out.begin_object();
  if (!result) {
    out.key("error");
    write_connect_error(out, result.error());
  }
  if (!trailers.empty()) {
    std::map<std::string_view, std::vector<std::string_view>> values;
    for (const auto [name, value] : trailers) {
      values[name].push_back(value);
    }
    out.key("metadata").begin_object();
    for (const auto& [name, list] : values) {
      out.key(name).begin_array();
      for (const std::string_view value : list) {
        out.value(value);
      }
      out.end_array();
    }
    out.end_object();
  }
  out.end_object();
  std::string frame;
  append_frame(frame, kConnectEndOfStream, std::move(out).take());
  return frame;
}

void finish_connect(WireType type, const Result<void>& result, const http::Headers& trailers,
                    http::Response& response) {
  for (const auto [name, value] : trailers) {
    response.headers.add("trailer-" + std::string(name), value);
  }
  if (result) {
    response.headers.set("content-type", content_type(type));
    return;
  }
  json::Writer out;
  write_connect_error(out, result.error());
  response.status = connect_http_status(result.error().code());
  response.headers.remove("content-encoding");
  response.headers.set("content-type", "application/json");
  response.body = std::move(out).take();
}

// As a route that is written by hand answers: the standard headers of an API, and the error in JSON.
void finish_rest(const Result<void>& result, http::Response& response) {
  if (!result) {
    http::Response refusal = http::error(result.error());
    for (const auto [name, value] : response.headers) {
      if (!refusal.headers.contains(name) && name != "content-encoding") {
        refusal.headers.add(name, value);
      }
    }
    response = std::move(refusal);
  } else {
    response.headers.set("content-type", "application/json");
  }
  put_api_headers(response.headers);
}

Result<void> time_is_over() {
  return fail_visible(Code::deadline_exceeded, "the deadline of the call has passed");
}

template <Protocol kProtocol, Codec kCodec>
http::Response answer_that_time_is_over() {
  http::Response response;
  finish({kProtocol, kCodec}, time_is_over(), {}, response);
  return response;
}

// A client takes an answer of another codec than its call's for no answer.
template <Protocol kProtocol>
http::Response (*in_codec(Codec codec))() {
  return codec == Codec::json ? answer_that_time_is_over<kProtocol, Codec::json>
                              : answer_that_time_is_over<kProtocol, Codec::proto>;
}

}  // namespace

void put_api_headers(http::Headers& into) {
  into.set("x-content-type-options", "nosniff");
  into.set("cache-control", "no-store");
  into.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

void finish(WireType type, const Result<void>& result, const http::Headers& trailers, http::Response& response) {
  if (!result) {
    response.body.clear();
    response.error = std::make_shared<const Error>(result.error());
  }
  switch (type.protocol) {
    case Protocol::grpc:
      // Without metadata of its own in the head, the answer is Trailers-Only: one block of fields.
      add_grpc_status(result, trailers, !result && response.headers.empty() ? response.headers : response.trailers);
      response.headers.set("content-type", content_type(type));
      response.headers.set("grpc-accept-encoding", "identity,gzip");
      return;
    case Protocol::grpc_web:
      response.headers.set("content-type", content_type(type));
      response.body.append(web_trailers(result, trailers));
      return;
    case Protocol::connect_stream:
      response.headers.set("content-type", content_type(type));
      response.body.append(connect_end(result, trailers));
      return;
    case Protocol::connect_unary:
      finish_connect(type, result, trailers, response);
      return;
    case Protocol::rest:
      finish_rest(result, response);
      return;
  }
}

std::string end_of_stream(WireType type, const Result<void>& result, const http::Headers& trailers,
                          http::Response& response) {
  switch (type.protocol) {
    case Protocol::grpc:
      add_grpc_status(result, trailers, response.trailers);
      return {};
    case Protocol::grpc_web:
      return web_trailers(result, trailers);
    case Protocol::connect_stream:
      return connect_end(result, trailers);
    case Protocol::connect_unary:
    case Protocol::rest:
      break;
  }
  if (result) {
    return {};
  }
  json::Writer out;
  out.begin_object().field("error", result.error().public_text()).end_object();
  return std::move(out).take() + "\n";
}

http::Response (*timed_out(WireType type))() {
  switch (type.protocol) {
    case Protocol::grpc:
      return in_codec<Protocol::grpc>(type.codec);
    case Protocol::grpc_web:
      return in_codec<Protocol::grpc_web>(type.codec);
    case Protocol::connect_stream:
      return in_codec<Protocol::connect_stream>(type.codec);
    case Protocol::connect_unary:
      return in_codec<Protocol::connect_unary>(type.codec);
    case Protocol::rest:
      break;
  }
  return in_codec<Protocol::rest>(type.codec);
}

}  // namespace mcdsl::grpcserver
