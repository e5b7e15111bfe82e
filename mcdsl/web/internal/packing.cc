#include "mcdsl/web/internal/packing.h"

#include <chrono>
#include <cstddef>

namespace mcdsl::web::internal {
namespace {

constexpr std::size_t kNumberBytes = 8;

}  // namespace

Packer& Packer::number(std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    packed_.push_back(static_cast<char>((static_cast<std::uint64_t>(number) >> static_cast<unsigned>(shift)) & 0xFFU));
  }
  return *this;
}

Packer& Packer::time(Clock::WallTime time) {
  return number(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

Packer& Packer::text(std::string_view text) {
  number(static_cast<std::int64_t>(text.size()));
  packed_.append(text);
  return *this;
}

std::optional<std::int64_t> Unpacker::number() {
  if (failed_ || rest_.size() < kNumberBytes) {
    failed_ = true;
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (const char byte : rest_.substr(0, kNumberBytes)) {
    number = (number << 8U) | static_cast<unsigned char>(byte);
  }
  rest_.remove_prefix(kNumberBytes);
  return static_cast<std::int64_t>(number);
}

std::optional<Clock::WallTime> Unpacker::time() {
  // Years 1970 to 2200: what the clock's nanoseconds have room for, whoever subtracts them.
  constexpr std::int64_t kLatest = 7'258'118'400;
  const auto seconds = number();
  if (!seconds || *seconds < 0 || *seconds > kLatest) {
    failed_ = true;
    return std::nullopt;
  }
  return Clock::WallTime(std::chrono::seconds(*seconds));
}

std::optional<std::string_view> Unpacker::text() {
  const auto size = number();
  if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > rest_.size()) {
    failed_ = true;
    return std::nullopt;
  }
  const std::string_view text = rest_.substr(0, static_cast<std::size_t>(*size));
  rest_.remove_prefix(text.size());
  return text;
}

}  // namespace mcdsl::web::internal
