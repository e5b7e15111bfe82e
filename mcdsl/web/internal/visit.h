#pragma once

#include <optional>
#include <string>

#include "mcdsl/base/error.h"
#include "mcdsl/base/secret.h"

namespace mcdsl::web::internal {

/// What the session middleware found of a request, for those behind it.
struct Visit {
  std::string binding{};  ///< that csrf tokens of the request must have; empty: neither session nor pre-session came
  std::string page_binding{};                    ///< that tokens on pages of the answer get
  std::optional<std::string> new_pre_session{};  ///< id of the one that a page of the answer begins
  std::optional<Secret> token{};                 ///< of the session whose cookie came
  std::optional<Error> outage{};                 ///< nobody can tell whose session it is
};

}  // namespace mcdsl::web::internal
