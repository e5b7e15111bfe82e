#include "mcdsl/grpcserver/internal/rest_table.h"

#include <algorithm>
#include <set>

namespace mcdsl::grpcserver {

const RestTable::Route* RestTable::add(const RestBinding& binding, std::size_t owner) {
  const auto same = std::ranges::find_if(routes_, [&](const Route& route) {
    return route.binding->method == binding.method &&
           PathTemplate::by_specificity(route.binding->path, binding.path) == std::weak_ordering::equivalent;
  });
  if (same != routes_.end()) {
    return &*same;
  }
  const auto behind = std::ranges::find_if(
      routes_, [&](const Route& route) { return PathTemplate::by_specificity(binding.path, route.binding->path) < 0; });
  routes_.insert(behind, {&binding, owner, binding.path.to_string()});
  return nullptr;
}

const RestTable::Route* RestTable::find(http::Method method, std::string_view path) const {
  const auto wanted = method == http::Method::head ? http::Method::get : method;
  const auto found = std::ranges::find_if(
      routes_, [&](const Route& route) { return route.binding->method == wanted && route.binding->path.match(path); });
  return found != routes_.end() ? &*found : nullptr;
}

bool RestTable::has(std::string_view path) const {
  return std::ranges::any_of(routes_, [&](const Route& route) { return route.binding->path.match(path).has_value(); });
}

std::string RestTable::allowed(std::string_view path) const {
  std::set<std::string_view> methods;
  for (const Route& route : routes_) {
    if (route.binding->path.match(path)) {
      methods.insert(http::name(route.binding->method));
    }
  }
  if (methods.contains("GET")) {
    methods.insert("HEAD");
  }
  const bool has_route = !methods.empty();
  methods.erase("OPTIONS");  // stands last, as a Router writes it, whether a method has it or not
  std::string names;
  for (const std::string_view name : methods) {
    names.append(name).append(", ");
  }
  return has_route ? names + "OPTIONS" : names;
}

}  // namespace mcdsl::grpcserver
