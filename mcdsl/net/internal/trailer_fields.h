#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "mcdsl/http/headers.h"
#include "mcdsl/http/request.h"

namespace mcdsl::net {

/// Whether a field may stand behind a body (RFC 9110 §6.5.1). Those that say where a message ends, where it goes, who
/// sends it or how to read it may not: whoever acted on the head has decided without them.
[[nodiscard]] bool is_trailer_field(std::string_view name) noexcept;

/// The fields behind a body as they come, held to the limits of a head.
class TrailerReader {
 public:
  TrailerReader(std::size_t max_bytes, std::size_t max_fields) : max_bytes_(max_bytes), max_fields_(max_fields) {}

  /// Keeps a field, or passes over it where it may not stand here. A refusal where it is malformed or one too many.
  [[nodiscard]] std::optional<http::Refusal> add(std::string_view name, std::string_view value);

  /// Of names and values, that may still come.
  [[nodiscard]] std::size_t room() const noexcept { return max_bytes_ - bytes_; }

  /// What there is so far; it is the caller's then.
  [[nodiscard]] http::Headers take() noexcept;

 private:
  std::size_t max_bytes_;
  std::size_t max_fields_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  http::Headers fields_;
};

}  // namespace mcdsl::net
