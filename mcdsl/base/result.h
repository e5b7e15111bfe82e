#pragma once

#include <expected>
#include <string>
#include <utility>

#include "mcdsl/base/error.h"

namespace mcdsl {

/// A value, or the Error that stands in its place. Functions return it for whatever a *client* can cause; what only the
/// operator or a bug causes is thrown as `mcdsl::Exception`.
template <class T>
using Result = std::expected<T, Error>;

/// An Error on its way out of a function that returns any `Result`: `return fail(Code::not_found, "no row 7");`
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

/// The same, with a message that the client may read.
[[nodiscard]] inline std::unexpected<Error> fail_visible(Code code, std::string message) {
  return std::unexpected(Error::visible(code, std::move(message)));
}

/// The value, or its Error thrown as `Exception`: for callers to whom the failure is the operator's or a bug.
template <class T>
T value_or_throw(Result<T> result) {
  if (!result) {
    throw Exception(std::move(result).error());
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

}  // namespace mcdsl
