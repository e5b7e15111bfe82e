#include "mcdsl/http/security_headers.h"

#include <array>
#include <utility>

namespace mcdsl::http {
namespace {

constexpr std::array<Headers::Field, 3> kFields{{
    {"x-content-type-options", "nosniff"},
    {"cache-control", "no-store"},
    {"content-security-policy", "default-src 'none'; frame-ancestors 'none'"},
}};

}  // namespace

Middleware security_headers() {
  return [](Handler next) -> Handler {
    return [next = std::move(next)](Request& request) {
      Response response = next(request);
      for (const auto& [name, value] : kFields) {
        if (!response.headers.contains(name)) {
          response.headers.add(name, value);
        }
      }
      return response;
    };
  };
}

}  // namespace mcdsl::http
