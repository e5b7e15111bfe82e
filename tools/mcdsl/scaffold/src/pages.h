#pragma once

#include "config.h"
#include "mcdsl/auth/authenticator.h"
#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"
#include "mcdsl/service/service.h"
#include "mcdsl/web/assets.h"
#include "mcdsl/web/site.h"
#include "mcdsl/web/templates.h"
#include "notes.h"

namespace my_notes {

// What people see in a browser, behind a login: their notes, with forms to add and to delete one. Lifetime: what it is
// given outlives it, and it the service's `serve`.
class Pages {
 public:
  // Adds its routes to the service.
  Pages(mcdsl::Service& service, const Config& config, const mcdsl::auth::Authenticator& authenticator,
        const Notes& notes);

 private:
  using Request = mcdsl::http::Request;
  using Response = mcdsl::http::Response;
  template <class T>
  using Result = mcdsl::Result<T>;

  [[nodiscard]] Result<Response> list(const Request& request) const;
  [[nodiscard]] Result<Response> add(const Request& request) const;
  [[nodiscard]] Result<Response> remove(const Request& request) const;

  const mcdsl::web::Assets assets_;
  const mcdsl::web::Templates templates_;
  const mcdsl::web::Site site_;
  const Notes& notes_;
};

}  // namespace my_notes
