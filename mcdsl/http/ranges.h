#pragma once

#include <cstdint>
#include <string_view>

#include "mcdsl/base/clock.h"
#include "mcdsl/http/request.h"
#include "mcdsl/http/response.h"

namespace mcdsl::http {

/// What a Range field asks for of a representation (RFC 9110 §14.1.2, §14.2).
struct RangeChoice {
  enum class Kind : std::uint8_t {
    whole,          ///< all of it: no field, several ranges, another unit, or nonsense
    part,           ///< `length` bytes from `offset`, within the representation
    unsatisfiable,  ///< nothing of it: 416
  };
  Kind kind = Kind::whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Reads the value of a Range field for a representation of `size` bytes. Only a single range is ever served: several
/// of them, overlapping or not, get the whole, so a request can never cost more than that.
[[nodiscard]] RangeChoice choose_range(std::string_view field, std::uint64_t size) noexcept;

/// The answer to a request whose handler made the whole representation, as text or as a file: 206 with the part that is
/// asked for, 416, or `whole` with `Accept-Ranges`. If-Range is held against its ETag or Last-Modified (§13.1.5).
/// Any answer but 200, streams and other methods pass as they are; HEAD gets no part (§14.2). After
/// `with_preconditions`:
///
///     return http::with_range(request, http::with_preconditions(request, std::move(whole)));
[[nodiscard]] Response with_range(const Request& request, Response whole, const Clock& clock = system_clock());

}  // namespace mcdsl::http
