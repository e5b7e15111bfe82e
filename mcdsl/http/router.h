#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcdsl/http/application.h"
#include "mcdsl/http/route_handler.h"

namespace mcdsl::http {

namespace internal {
class RouteTree;
}

struct RouteOptions {
  std::optional<std::size_t>
      max_body_bytes{};  ///< a longer body is answered with 413; the server's limit where not given
  bool stream_body =
      false;  ///< the handler is called before the body has come and reads it itself: for what is too large to hold
};

/// A method and a pattern that a router answers.
struct Route {
  Method method;
  std::string pattern;

  auto operator<=>(const Route&) const = default;
};

/// Finds the handler for a request by its method and path.
///
///     Router router;
///     router.get("/v1/health", [] { return http::json(R"({"status":"ok"})"); });
///     router.route("/v1/documents", [&](Router& documents) {
///       documents.use(require_user);
///       documents.get("/", list);
///       documents.get("/{slug}", [&](const Request& request) { return find(request.param("slug")); });
///       documents.put("/{slug}", store, {.max_body_bytes = 4 << 20});
///     });
///
/// A pattern is '/' and segments: text, `{name}` for any one segment that is not empty, or at the end `*` for the whole
/// rest, which may be empty. Text wins over a parameter and that over `*`, segment by segment from the left, whatever
/// the order of registration; a path that a better pattern matches in another method still goes to the one that has the
/// method. Paths are compared as they came, still encoded; parameters are decoded and may hold a '/' that came as %2F.
///
/// Answered by the router itself: 404; 405 with `Allow`; OPTIONS, with 204 and `Allow`; HEAD, by the route for GET (the
/// response keeps its body, which the protocol measures and does not send: RFC 9110 §9.3.2); 400 for a path with a
/// malformed escape, a NUL, malformed UTF-8 or a dot segment ("..", also encoded or beside a %2F).
///
/// Errors: a mistake in the routes throws Exception (internal) where it is made: a bad pattern, a name twice in one
/// pattern, two routes for the same requests, `use` after a route.
/// Threads: filled by one thread; then `plan` and `serve` from any. Lifetime: requests refer to the router's text.
class Router final : public Application {
 public:
  Router();
  ~Router() override;
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Puts a middleware around every route of this router, the first one outermost; before the first route. It is called
  /// once for each route, here and now, never for a request. Answers that come without a route (404, 405) pass by it:
  /// what must see every request goes around the whole router, in a Pipeline.
  void use(Middleware middleware);

  template <RouteHandler F>
  void get(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::get, pattern, to_handler(std::move(handler)), options);
  }
  /// Only needed where HEAD is cheaper than GET.
  template <RouteHandler F>
  void head(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::head, pattern, to_handler(std::move(handler)), options);
  }
  template <RouteHandler F>
  void post(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::post, pattern, to_handler(std::move(handler)), options);
  }
  template <RouteHandler F>
  void put(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::put, pattern, to_handler(std::move(handler)), options);
  }
  template <RouteHandler F>
  void patch(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::patch, pattern, to_handler(std::move(handler)), options);
  }
  template <RouteHandler F>
  void delete_(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::delete_, pattern, to_handler(std::move(handler)), options);
  }
  template <RouteHandler F>
  void options(std::string_view pattern, F handler, RouteOptions options = {}) {
    add(Method::options, pattern, to_handler(std::move(handler)), options);
  }
  void add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});

  /// Routes with middlewares of their own inside this router's: `fill` gets a new router, which is mounted at "".
  template <std::invocable<Router&> F>
  void group(F fill) {
    route("", std::move(fill));
  }

  /// The same, with a prefix before every pattern.
  template <std::invocable<Router&> F>
  void route(std::string_view prefix, F fill) {
    Router inner;
    fill(inner);
    mount(prefix, std::move(inner));
  }

  /// Takes in the routes of another router, with `prefix` before each pattern and this router's middlewares around
  /// them. The inner pattern "/" is the prefix itself: "/" at "/v1/documents" answers "/v1/documents".
  void mount(std::string_view prefix, Router inner);

  /// Every route, ordered by pattern.
  [[nodiscard]] std::vector<Route> routes() const;

  BodyPlan plan(Request& request) const override;

  /// Calls what `plan` found (and plans first where nobody did). Exceptions become `response_to` them.
  Response serve(Request& request) const override;

 private:
  [[nodiscard]] Response answer_without_route(const Request& request) const;

  std::unique_ptr<internal::RouteTree> tree_;
  std::vector<Middleware> middlewares_;
};

}  // namespace mcdsl::http
