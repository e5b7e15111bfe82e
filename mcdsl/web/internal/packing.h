#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mcdsl/base/clock.h"

/// Numbers and texts one behind the other, for what is sealed in a cookie.
namespace mcdsl::web::internal {

class Packer {
 public:
  Packer& number(std::int64_t number);
  Packer& time(Clock::WallTime time);  ///< to the second
  Packer& text(std::string_view text);
  /// Whoever packs secrets takes the text and wipes it.
  [[nodiscard]] std::string take() && { return std::move(packed_); }

 private:
  std::string packed_;
};

/// What it reads is null from the first thing on that is not there.
class Unpacker {
 public:
  explicit Unpacker(std::string_view packed) : rest_(packed) {}

  [[nodiscard]] std::optional<std::int64_t> number();
  [[nodiscard]] std::optional<Clock::WallTime> time();
  [[nodiscard]] std::optional<std::string_view> text();
  [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty() && !failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace mcdsl::web::internal
