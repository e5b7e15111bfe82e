#include "mcdsl/http/router.h"

#include <algorithm>
#include <ranges>
#include <tuple>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/internal/route_tree.h"
#include "mcdsl/http/recover.h"

namespace mcdsl::http {
namespace {

using internal::Endpoint;
using internal::MethodSet;
using internal::RouteTree;

// Whether the path consists of visible ASCII without escapes, and no segment starts with a dot: nearly every path.
bool is_plain(std::string_view path) {
  char previous = '\0';
  for (const char c : path) {
    if (c <= ' ' || c >= '\x7F' || c == '%' || (c == '.' && previous == '/')) {
      return false;
    }
    previous = c;
  }
  return true;
}

// Whether a path may be matched and decoded. Dot segments are refused rather than resolved (RFC 3986 §5.2.4): whoever
// stood before us may have judged the path by its unresolved form.
bool is_sound(std::string_view path) {
  if (!path.starts_with('/')) {
    return false;
  }
  if (is_plain(path)) {
    return true;
  }
  const auto decoded = percent_decode(path);
  if (!decoded || std::ranges::any_of(path, [](char c) { return c <= ' ' || c >= '\x7F'; })) {
    return false;
  }
  return std::ranges::none_of(std::views::split(*decoded, '/'), [](const auto& piece) {
    const std::string_view segment(piece.begin(), piece.end());
    return segment == "." || segment == "..";
  });
}

std::string allow(MethodSet methods) {
  const auto index = [](Method method) { return static_cast<std::size_t>(method); };
  methods[index(Method::head)] = methods[index(Method::head)] || methods[index(Method::get)];
  methods[index(Method::options)] = true;
  std::string names;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i]) {
      names.append(names.empty() ? "" : ", ").append(kMethodNames[i]);
    }
  }
  return names;
}

MethodSet methods_of(const RouteTree& tree) {
  MethodSet methods;
  for (const auto& endpoint : tree.endpoints()) {
    methods[static_cast<std::size_t>(endpoint->route.method)] = true;
  }
  return methods;
}

// Escapes were checked with the whole path: what is well-formed there is so in each segment.
std::string decode_capture(std::string_view text) {
  return text.contains('%') ? percent_decode(text).value_or(std::string()) : std::string(text);
}

std::string join(std::string_view prefix, std::string_view pattern) {
  return std::string(prefix).append(pattern == "/" && !prefix.empty() ? "" : pattern);
}

}  // namespace

Router::Router() : tree_(std::make_unique<RouteTree>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::use(Middleware middleware) {
  if (!middleware) {
    throw Exception(Code::internal, "Router::use: the middleware is empty");
  }
  if (!tree_->endpoints().empty()) {
    throw Exception(Code::internal, "Router::use: middlewares come before the first route, here \"" +
                                        tree_->endpoints().front()->route.pattern + "\"");
  }
  middlewares_.push_back(std::move(middleware));
}

void Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  for (const Middleware& middleware : std::views::reverse(middlewares_)) {
    handler = handler ? middleware(std::move(handler)) : nullptr;
  }
  if (!handler) {
    throw Exception(Code::internal, "route \"" + printable(pattern) + "\": the handler is empty");
  }
  tree_->insert({{method, std::string(pattern)}, std::move(handler), options, {}});
}

void Router::mount(std::string_view prefix, Router inner) {
  if (!prefix.empty() && (!prefix.starts_with('/') || prefix.ends_with('/'))) {
    throw Exception(Code::internal,
                    "Router::mount: the prefix \"" + printable(prefix) + "\" must start with '/' and not end with one");
  }
  for (const auto& endpoint : inner.tree_->endpoints()) {
    add(endpoint->route.method, join(prefix, endpoint->route.pattern), std::move(endpoint->handler), endpoint->options);
  }
}

std::vector<Route> Router::routes() const {
  std::vector<Route> routes;
  for (const auto& endpoint : tree_->endpoints()) {
    routes.push_back(endpoint->route);
  }
  std::ranges::sort(routes, {}, [](const Route& route) { return std::tie(route.pattern, route.method); });
  return routes;
}

BodyPlan Router::plan(Request& request) const {
  if (!is_sound(request.path())) {
    return {.wants_body = false};
  }
  const RouteTree::Match match = tree_->find(request.method(), request.path());
  if (match.endpoint == nullptr) {
    return {.wants_body = false};
  }
  const Endpoint& endpoint = *match.endpoint;
  request.set_route(endpoint.route.pattern);
  request.set_handler(&endpoint.handler);
  for (std::size_t i = 0; i < endpoint.parameters.size(); ++i) {
    request.add_param(endpoint.parameters[i], decode_capture(match.captures[i]));
  }
  return {.max_bytes = endpoint.options.max_body_bytes, .streams = endpoint.options.stream_body};
}

Response Router::answer_without_route(const Request& request) const {
  const bool about_server = request.path() == "*" && request.method() == Method::options;  // RFC 9110 §9.3.7
  if (!about_server && !is_sound(request.path())) {
    return error(400, "malformed path");
  }
  const MethodSet allowed = about_server ? methods_of(*tree_) : tree_->find(request.method(), request.path()).allowed;
  if (allowed.none()) {
    return error(404, "not found");
  }
  Response response = request.method() == Method::options ? no_content() : error(405, "method not allowed");
  return std::move(response).with_header("allow", allow(allowed));
}

Response Router::serve(Request& request) const {
  try {
    if (const auto& refusal = request.refusal()) {
      return error(refusal->status, refusal->text);
    }
    if (request.handler() == nullptr) {
      plan(request);
    }
    return request.handler() != nullptr ? (*request.handler())(request) : answer_without_route(request);
  } catch (...) {
    return response_to(std::current_exception());
  }
}

}  // namespace mcdsl::http
