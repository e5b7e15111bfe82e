#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "mcdsl/base/result.h"
#include "mcdsl/http/application.h"

namespace mcdsl::http {

/// What a handler may return: a Response, or a Result whose Error becomes `http::error(...)`; a Result<void> without
/// one is 204.
template <class T>
concept Answer = std::same_as<T, Response> || std::same_as<T, Result<Response>> || std::same_as<T, Result<void>>;

template <class F>
concept HandlesRequest = std::invocable<const F&, Request&> && Answer<std::invoke_result_t<const F&, Request&>>;

template <class F>
concept HandlesNothing = std::invocable<const F&> && Answer<std::invoke_result_t<const F&>>;

/// What a route may be given: any callable taking `(Request&)`, `(const Request&)` or `()` and returning an Answer.
/// It is called from several threads at once, so a `mutable` lambda is none.
template <class F>
concept RouteHandler = std::copy_constructible<F> && (HandlesRequest<F> || HandlesNothing<F>);

namespace internal {

inline Response to_response(Response response) {
  return response;
}
inline Response to_response(Result<Response> result) {
  return result ? *std::move(result) : error(std::move(result).error());
}
inline Response to_response(Result<void> result) {
  return result ? no_content() : error(std::move(result).error());
}

}  // namespace internal

/// Any route handler as the one type that middlewares wrap.
template <RouteHandler F>
[[nodiscard]] Handler to_handler(F function) {
  if constexpr (std::same_as<F, Handler>) {
    return function;
  } else if constexpr (HandlesRequest<F>) {
    return [function = std::move(function)](Request& request) { return internal::to_response(function(request)); };
  } else {
    return [function = std::move(function)](Request& /*request*/) { return internal::to_response(function()); };
  }
}

}  // namespace mcdsl::http
