#include "mcdsl/http/recover.h"

#include <string>
#include <utility>

namespace mcdsl::http {
namespace {

// Codes that say something of the world outside, which a client can act on; any other is a bug to it.
bool keeps_status(Code code) {
  return code == Code::unavailable || code == Code::resource_exhausted || code == Code::deadline_exceeded;
}

Error internal_error(std::string message) {
  return {Code::internal, std::move(message)};
}

}  // namespace

Error error_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Exception& thrown) {
    if (keeps_status(thrown.error().code())) {
      return thrown.error();
    }
    return internal_error(std::string(name(thrown.error().code())) + ": " + thrown.what());
  } catch (const std::exception& thrown) {
    return internal_error(thrown.what());
  } catch (...) {
    return internal_error("an exception of an unknown type");
  }
}

Response response_to(const std::exception_ptr& exception) noexcept {
  try {
    return error(error_of(exception));
  } catch (...) {
    return Response{.status = 500, .headers = {}, .body = {}, .error = nullptr};  // not even memory for the text
  }
}

Middleware recover() {
  return [](Handler next) -> Handler {
    return [next = std::move(next)](Request& request) -> Response {
      try {
        return next(request);
      } catch (...) {
        return response_to(std::current_exception());
      }
    };
  };
}

}  // namespace mcdsl::http
