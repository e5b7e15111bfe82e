#include "mcdsl/web/session.h"

#include "mcdsl/base/error.h"

namespace mcdsl::web {

const Session& session(const http::Request& request) {
  const Session* found = find_session(request);
  if (found == nullptr) {
    throw Exception(Code::internal,
                    "route \"" + std::string(request.route()) + "\" asks for its session but requires no login");
  }
  return *found;
}

const Session* find_session(const http::Request& request) noexcept {
  return request.get<Session>();
}

}  // namespace mcdsl::web
