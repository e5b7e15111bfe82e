#include "mcdsl/web/internal/audience.h"

#include <algorithm>
#include <string_view>

#include "mcdsl/http/headers.h"

namespace mcdsl::web::internal {
namespace {

// A browser that opens a page names HTML; a script's "*/*" does not. Weights do not matter: nobody names what they do
// not want.
bool takes_html(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string_view element = accept.substr(0, end);
    if (http::equal_ignoring_case(http::trim(element.substr(0, element.find(';'))), "text/html")) {
      return true;
    }
    accept.remove_prefix(std::min(end + 1, accept.size()));
  }
  return false;
}

}  // namespace

Audience audience_of(const http::Request& request) noexcept {
  if (request.header("hx-request") == "true") {
    return Audience::htmx;
  }
  return takes_html(request.header("accept").value_or("")) ? Audience::person : Audience::program;
}

}  // namespace mcdsl::web::internal
