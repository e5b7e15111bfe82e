#include "mcdsl/http/access_log.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "mcdsl/http/principal.h"
#include "mcdsl/http/request_id.h"
#include "mcdsl/http/trace_context.h"

namespace mcdsl::http {
namespace {

log::Level level_of(int status) {
  if (status == 500) {
    return log::Level::error;
  }
  return status > 500 ? log::Level::warn : log::Level::info;
}

// Of the body, as far as it is known before it leaves.
std::uint64_t body_bytes(const Request& request, const Response& response) {
  if (request.method() == Method::head) {
    return 0;
  }
  if (response.stream) {
    return response.stream->length.value_or(0);
  }
  return response.file ? response.file->length : response.body.size();
}

void write_line(const log::Logger& logger, const Request& request, const Response& response,
                std::chrono::nanoseconds duration) {
  constexpr std::size_t kLongestPath = 512;
  const log::Level level = level_of(response.status);
  if (!logger.enabled(level)) {
    return;
  }
  const log::Field none("", "");
  std::array<log::Field, 11> fields{{
      {"method", name(request.method())},
      {"path", request.path().substr(0, kLongestPath)},
      {"route", request.route()},
      {"status", response.status},
      {"bytes", body_bytes(request, response)},
      {"duration", duration},
      {"client", request.peer().address},
      none,
      none,
      none,
      none,
  }};
  std::size_t count = 7;
  if (const auto* id = request.get<RequestId>()) {
    fields[count++] = {"request_id", id->value};
  }
  if (const auto* trace = request.get<TraceContext>()) {
    fields[count++] = {"trace_id", trace->trace_id};
  }
  if (const auto* principal = request.get<Principal>()) {
    fields[count++] = {"user", principal->name};
  }
  const std::string error = response.error ? response.error->to_string() : std::string();
  if (response.error) {
    fields[count++] = {"error", error};
  }
  logger.write(level, "request", std::span(fields.data(), count));
}

}  // namespace

Middleware access_log(log::Logger logger, const Clock& clock) {
  return [logger = std::move(logger), &clock](Handler next) -> Handler {
    return [logger, &clock, next = std::move(next)](Request& request) {
      const auto start = clock.steady();
      Response response = next(request);
      write_line(logger, request, response, clock.steady() - start);
      return response;
    };
  };
}

}  // namespace mcdsl::http
