#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/grpcserver/internal/rest.h"

namespace mcdsl::grpcserver {

/// The REST routes of all methods. Lifetime: the bindings outlive it. Threads: filled by one; then `const` from any.
class RestTable {
 public:
  struct Route {
    const RestBinding* binding;
    std::size_t owner;  ///< whose binding it is
    std::string pattern;
  };

  /// The route that answers the same requests; null, and the binding is in, where there is none.
  const Route* add(const RestBinding& binding, std::size_t owner);

  /// The most specific route for a request; null where none is. HEAD goes to the route for GET.
  [[nodiscard]] const Route* find(http::Method method, std::string_view path) const;

  /// Whether any route has the path, whatever the method.
  [[nodiscard]] bool has(std::string_view path) const;

  /// The methods that a path has, for the Allow field; empty for a path of no route.
  [[nodiscard]] std::string allowed(std::string_view path) const;

 private:
  std::vector<Route> routes_;  // the most specific first
};

}  // namespace mcdsl::grpcserver
