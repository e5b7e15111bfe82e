#include "mcdsl/http/content_type.h"

#include <utility>

namespace mcdsl::http {
namespace {

bool is_json(const Request& request) {
  const auto type = request.header("content-type");
  if (!type) {
    return request.body().empty();
  }
  return request.headers().count("content-type") == 1 && equal_ignoring_case(media_type(*type), "application/json");
}

}  // namespace

std::string_view media_type(std::string_view content_type) noexcept {
  return trim(content_type.substr(0, content_type.find(';')));
}

Middleware require_json() {
  return [](Handler next) -> Handler {
    return [next = std::move(next)](Request& request) {
      if (!is_json(request)) {
        return error(415, "the content type must be application/json").with_header("accept", "application/json");
      }
      return next(request);
    };
  };
}

}  // namespace mcdsl::http
