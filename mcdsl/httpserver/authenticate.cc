#include "mcdsl/httpserver/authenticate.h"

#include <memory>
#include <utility>

#include "mcdsl/http/principal.h"

namespace mcdsl::httpserver {
namespace {

using CallerPtr = std::shared_ptr<const auth::Caller>;

// Null where there is no token; the rule then says whether one is needed.
Result<CallerPtr> find_caller(const auth::TokenVerifier& verifier, const http::Request& request) {
  const auto token = request.bearer_token();
  return token ? verifier.verify(*token) : Result<CallerPtr>(nullptr);
}

}  // namespace

http::Middleware require(const auth::TokenVerifier& verifier, auth::Access access) {
  return [&verifier, access = std::move(access)](http::Handler next) -> http::Handler {
    if (access.is_open()) {
      return next;
    }
    return [&verifier, access, next = std::move(next)](http::Request& request) {
      const auto found = find_caller(verifier, request);
      if (!found) {
        return http::error(found.error());
      }
      if (*found) {
        request.set(http::Principal{(*found)->username});
        request.set(*found);
      }
      if (const auto allowed = access.check(found->get()); !allowed) {
        return http::error(allowed.error());
      }
      return next(request);
    };
  };
}

const auth::Caller& caller(const http::Request& request) {
  const auto* found = request.get<auth::Caller>();
  if (found == nullptr) {
    throw Exception(Code::internal,
                    "route \"" + std::string(request.route()) + "\" asks for its caller but requires none");
  }
  return *found;
}

}  // namespace mcdsl::httpserver
