#include "mcdsl/http/response.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mcdsl/json/writer.h"

namespace mcdsl::http {
namespace {

Response with_content(std::string_view type, std::string body) {
  Response response;
  response.headers.add("content-type", type);
  response.body = std::move(body);
  return response;
}

constexpr std::array<std::pair<int, std::string_view>, 43> kReasons{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

}  // namespace

Response Response::with_header(std::string_view name, std::string_view value) && {
  headers.set(name, value);
  return std::move(*this);
}

Response Response::with_status(int new_status) && {
  status = new_status;
  return std::move(*this);
}

Response text(std::string body) {
  return with_content("text/plain; charset=utf-8", std::move(body));
}

Response html(std::string body) {
  return with_content("text/html; charset=utf-8", std::move(body));
}

Response json(std::string body) {
  return with_content("application/json", std::move(body));
}

Response stream(std::string_view content_type, std::function<Result<void>(BodyWriter&)> produce) {
  Response response;
  response.headers.add("content-type", content_type);
  response.stream = StreamBody{.produce = std::move(produce)};
  return response;
}

Response no_content() {
  return Response{.status = 204, .headers = {}, .body = {}, .error = nullptr};
}

Response error(int status, std::string_view public_text) {
  json::Writer writer;
  writer.begin_object().field("error", public_text).end_object();
  return json(std::move(writer).take()).with_status(status);
}

Response error(Error error) {
  Response response = http::error(http_status(error.code()), error.public_text());
  if (error.code() == Code::unauthenticated) {
    response.headers.add("www-authenticate", "Bearer");
  } else if (error.code() == Code::unavailable || error.code() == Code::resource_exhausted) {
    response.headers.add("retry-after", "1");
  }
  response.error = std::make_shared<const Error>(std::move(error));
  return response;
}

std::string_view reason_phrase(int status) noexcept {
  const auto* row = std::ranges::lower_bound(kReasons, status, {}, &std::pair<int, std::string_view>::first);
  return row != kReasons.end() && row->first == status ? row->second : "Unknown";
}

}  // namespace mcdsl::http
