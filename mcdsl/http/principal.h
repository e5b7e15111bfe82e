#pragma once

#include <string>

namespace mcdsl::http {

/// Who sent a request, for the log: an attribute that authentication leaves (`request.set(Principal{account})`).
struct Principal {
  std::string name;
};

}  // namespace mcdsl::http
